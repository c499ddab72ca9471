//! The names in a new project. They are the name of a crate, a node, and with Elixir of an application and a module.

use std::{fs, path::Path};

use crate::failure::{Code, Failure};

/// Words that no crate, no module of Elixir or no application can be called by, for one reason or another.
const TAKEN: [&str; 17] = [
    "nodex",
    "nodex_rs",
    "test",
    "core",
    "std",
    "alloc",
    "proc_macro",
    "tokio",
    "elixir",
    "mix",
    "iex",
    "logger",
    "ex_unit",
    "kernel",
    "stdlib",
    "application",
    "supervisor",
];

const KEYWORDS: [&str; 39] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
];

const MORE_KEYWORDS: [&str; 19] = [
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "priv", "override",
    "and", "or", "not", "when", "nil", "end", "after",
];

/// Crates and nodes can have longer ones; nobody wants them.
const LONGEST: usize = 64;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Of the crate, the executable and the node.
    pub(super) krate: String,
    /// Of the application: without hyphens.
    pub(super) app: String,
    /// `my_calc` is `MyCalc`.
    pub(super) module: String,
}

impl Name {
    /// Returns the name that follows from a folder, which need not be there.
    pub(super) fn of(dir: &Path, elixir: bool) -> Result<Name, Failure> {
        let last = dir.file_name().map(|name| name.to_string_lossy().into_owned());
        // `.` and `..` have names when they are looked up.
        let real = || Some(fs::canonicalize(dir).ok()?.file_name()?.to_string_lossy().into_owned());
        let refused = |why: String| Failure::new(Code::Usage, why).hint("the name of the folder is that of the crate");
        let name = last.or_else(real).ok_or_else(|| refused(format!("{} is no name for a crate", dir.display())))?;
        Name::new(name, elixir).map_err(refused)
    }

    fn new(name: String, elixir: bool) -> Result<Name, String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if !name.chars().all(is_plain)
            || !name.starts_with(|c: char| c.is_ascii_lowercase())
            || name.ends_with(['-', '_'])
        {
            let expected = "lower-case letters, digits, _ and -, first a letter, last no hyphen or underscore";
            return Err(format!("{name:?} is no name for a crate: {expected}"));
        }
        if name.len() > LONGEST {
            return Err(format!("{name:?} is too long for a crate: at most {LONGEST} characters"));
        }
        let app = name.replace('-', "_");
        let words = [&TAKEN[..], &KEYWORDS, &MORE_KEYWORDS].concat();
        if words.contains(&app.as_str()) {
            return Err(format!("{name:?} has a meaning of its own, so it is no name for a crate"));
        }
        let capitalized = |word: &str| word[..1].to_uppercase() + &word[1..];
        let module: String = app.split('_').filter(|word| !word.is_empty()).map(capitalized).collect();
        if elixir && MODULES.contains(&module.as_str()) {
            return Err(format!("{name:?} is no name here: Elixir has a module {module}"));
        }
        Ok(Name { krate: name, app, module })
    }
}

/// The modules of Elixir with names of one part.
const MODULES: [&str; 55] = [
    "Access",
    "Agent",
    "Any",
    "Application",
    "ArgumentError",
    "Atom",
    "Base",
    "Behaviour",
    "BitString",
    "Bitwise",
    "Calendar",
    "Code",
    "Collectable",
    "Config",
    "Date",
    "DateTime",
    "Dict",
    "Duration",
    "Enum",
    "Enumerable",
    "Exception",
    "File",
    "Float",
    "Function",
    "GenEvent",
    "GenServer",
    "Hash",
    "HashDict",
    "HashSet",
    "IO",
    "Inspect",
    "Integer",
    "JSON",
    "Kernel",
    "Keyword",
    "List",
    "Macro",
    "Map",
    "MapSet",
    "Module",
    "NaiveDateTime",
    "Node",
    "OptionParser",
    "Path",
    "Port",
    "Process",
    "Protocol",
    "Range",
    "Record",
    "Regex",
    "Registry",
    "Set",
    "Stream",
    "String",
    "System",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> Result<Name, String> {
        Name::new(name.to_owned(), true)
    }

    #[test]
    fn names_follow_from_each_other() {
        let name = Name { krate: "my-2nd_calc".into(), app: "my_2nd_calc".into(), module: "My2ndCalc".into() };
        assert_eq!(new("my-2nd_calc"), Ok(name));
        assert_eq!(Name::of(Path::new("a/b/shop/"), true).ok().map(|name| name.module), Some("Shop".to_owned()));
    }

    #[test]
    fn names_that_cannot_be_built_are_refused() {
        let long = "a".repeat(65);
        let wrong =
            ["Calc", "2nd", "a b", "a.b", "\u{e4}", "", "-a", "a-", "a\"b", "fn", "nodex", "nodex-rs", "test", &long];
        for name in wrong.into_iter().chain(["string", "gen-server", "end"]) {
            assert!(new(name).is_err(), "{name}");
        }
        assert!(Name::new("string".into(), false).is_ok());
    }
}
