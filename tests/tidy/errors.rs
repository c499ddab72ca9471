//! One rule for errors: the text of one never has that of its source in it, whatever causes it is its source, and who shows
//! an error shows the whole chain, by `error::Chain`.

use std::collections::BTreeSet;

use syn::{
    Attribute, Field, Fields, Item, Meta, Type,
    visit::{self, Visit},
};

use crate::{
    names, none,
    rules::is_source,
    workspace::{File, files},
};

/// Where what is called an error is a part of what is told, and no cause.
const NO_CAUSE: [(&str, &str); 1] = [("CompileError", "Erlang")];

/// Types of fields that are errors, though their names do not end so.
const ERRORS: [&str; 7] = ["Cause", "Failure", "LinkEnd", "LoadProblem", "NameProblem", "NodeDown", "ResponseProblem"];

/// What the tests of the rule look at: the library crates and the command.
const FOLDERS: [&str; 4] = ["nodex-proto/src/", "nodex-core/src/", "nodex-host/src/", "nodex-cli/src/"];

fn sources() -> impl Iterator<Item = &'static File> {
    let is_ours = |path: &str| is_source(path) && FOLDERS.iter().any(|folder| path.starts_with(folder));
    files().iter().filter(move |file| is_ours(&file.path))
}

/// A struct or a variant with a text.
struct Shape<'a> {
    name: String,
    text: String,
    fields: Vec<(String, &'a Field)>,
}

impl<'a> Shape<'a> {
    fn new(name: String, attributes: &[Attribute], fields: &'a Fields) -> Option<Self> {
        let Meta::List(list) = &attributes.iter().find(|attribute| attribute.path().is_ident("error"))?.meta else {
            return None;
        };
        let named = |(number, field): (usize, &'a Field)| {
            (field.ident.as_ref().map_or_else(|| number.to_string(), ToString::to_string), field)
        };
        Some(Shape { name, text: list.tokens.to_string(), fields: fields.iter().enumerate().map(named).collect() })
    }

    fn is_transparent(&self) -> bool {
        self.text == "transparent"
    }

    /// Whether the text shows this field: inside of braces, or as an argument behind the text.
    fn shows(&self, field: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let begins = |rest: &str| rest.strip_prefix(field).is_some_and(|rest| !rest.starts_with(is_part));
        let end = self.text.rfind('"').map_or(0, |end| end + 1);
        let (text, arguments) = self.text.split_at(end);
        let arguments = &arguments.replace(' ', "");
        text.match_indices('{').any(|(at, _)| begins(&text[at + 1..]))
            || arguments.match_indices(field).any(|(at, _)| {
                begins(&arguments[at..]) && !arguments[..at].ends_with(is_part) && field.parse::<u8>().is_err()
            })
            || arguments.contains(&format!(".{field}")) && field.parse::<u8>().is_ok()
    }
}

/// Whether a field is what the error comes from.
fn is_cause(name: &str, field: &Field) -> bool {
    name == "source"
        || field.attrs.iter().any(|attribute| ["source", "from"].iter().any(|of| attribute.path().is_ident(of)))
}

/// Whether a type is an error, or a box of one.
fn is_error(of: &Type) -> bool {
    struct Names(bool);
    impl<'ast> Visit<'ast> for Names {
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            let name = segment.ident.to_string();
            self.0 |= name.ends_with("Error") || ERRORS.contains(&&*name);
            visit::visit_path_segment(self, segment);
        }
    }
    let mut names = Names(false);
    names.visit_type(of);
    names.0
}

fn derives_error(attributes: &[Attribute]) -> bool {
    let derived = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    derived.filter_map(|attribute| attribute.meta.require_list().ok()).any(|list| {
        list.tokens
            .to_string()
            .split(',')
            .any(|name| name.rsplit(':').next().is_some_and(|last| last.trim() == "Error"))
    })
}

/// All structs and variants of errors of a file, in modules as well.
fn shapes<'a>(items: &'a [Item], all: &mut Vec<Shape<'a>>) {
    for item in items {
        match item {
            Item::Enum(item) if derives_error(&item.attrs) => {
                let name = |variant: &syn::Variant| format!("{}::{}", item.ident, variant.ident);
                all.extend(item.variants.iter().filter_map(|one| Shape::new(name(one), &one.attrs, &one.fields)));
            }
            Item::Struct(item) if derives_error(&item.attrs) => {
                all.extend(Shape::new(item.ident.to_string(), &item.attrs, &item.fields));
            }
            Item::Mod(item) => shapes(item.content.as_ref().map_or(&[][..], |(_, items)| items), all),
            _ => {}
        }
    }
}

/// What is against the rule in this file, and how many errors are in it.
fn findings(path: &str, text: &str) -> (Vec<String>, usize) {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (mut all, mut findings) = (Vec::new(), Vec::new());
    shapes(&file.items, &mut all);
    for shape in all.iter().filter(|shape| !shape.is_transparent()) {
        for (name, field) in &shape.fields {
            let exempt = NO_CAUSE.iter().any(|(of, variant)| shape.name == format!("{of}::{variant}"));
            if is_cause(name, field) && shape.shows(name) {
                findings.push(format!("{path}: {} shows its source {name}", shape.name));
            } else if !is_cause(name, field) && is_error(&field.ty) && !exempt {
                findings.push(format!("{path}: {} has an error that is not its source: {name}", shape.name));
            }
        }
    }
    (findings, all.len())
}

#[test]
fn no_error_shows_its_source_and_every_cause_is_one() {
    let mut found = Vec::new();
    let mut count = 0;
    for file in sources() {
        let (findings, errors) = findings(&file.path, &file.text);
        found.extend(findings);
        count += errors;
    }
    // Otherwise none would be seen that breaks the rule.
    assert!(count > 200, "only {count} errors");
    none(found);
}

#[test]
fn what_breaks_the_rule_is_found() {
    let found = |text: &str| findings("here", &format!("#[derive(Debug, thiserror::Error)] {text}")).0.len();
    for bad in [
        "enum A { #[error(\"no: {source}\")] B { source: io::Error } }",
        "enum A { #[error(\"no: {error:?}\")] B { #[source] error: Odd } }",
        "enum A { #[error(\"no: {0}\")] B(#[from] Odd) }",
        "enum A { #[error(\"no: {}\", because(.error.as_deref()))] B { #[source] error: Odd } }",
        "enum A { #[error(\"no: {}\", .0.code())] B(#[source] Odd) }",
        "enum A { #[error(\"no\")] B { error: Arc<SpawnError> } }",
        "#[error(\"no: {reason}\")] struct A { #[source] reason: Odd }",
        "#[error(\"no\")] struct A(Option<LinkEnd>);",
    ] {
        assert_eq!(found(bad), 1, "{bad}");
    }
    for good in [
        "enum A { #[error(\"no {name}\")] B { name: String, source: io::Error } }",
        "enum A { #[error(transparent)] B(#[from] OddError) }",
        "enum A { #[error(\"{0} is none\")] B(String) }",
        "enum A { #[error(\"{} is none\", source_of.display())] B { source_of: PathBuf, source: io::Error } }",
    ] {
        assert_eq!(found(good), 0, "{good}");
    }
}

/// Names under which errors are at hand where they are shown.
const HANDS: [&str; 5] = ["down", "end", "ended", "error", "problem"];

/// Where one of them is shown that is no error, or has no source.
const IN_WORDS: [(&str, &str, &str); 5] = [
    ("nodex-cli/src/command/check/load.rs", "error", "a text"),
    ("nodex-cli/src/command/doctor/here.rs", "error", "one part of a text without a source"),
    ("nodex-cli/src/command/doctor/there.rs", "error", "a text"),
    ("nodex-core/src/node/inbound/service_ends.rs", "end", "the end of a service"),
    ("nodex-proto/src/dynamic/build.rs", "error", "a panic of those who build what is no term"),
];

/// The macros of a file, as text.
struct Macros(Vec<String>);

impl<'ast> Visit<'ast> for Macros {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        self.0.push(found.tokens.to_string());
    }
}

#[test]
fn whoever_shows_an_error_shows_the_whole_chain() {
    let (mut findings, mut used, mut chains) = (BTreeSet::new(), BTreeSet::new(), 0);
    for file in sources().filter(|file| !file.path.ends_with("tests.rs") && !file.path.contains("/tests/")) {
        let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
        let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut macros = Macros(Vec::new());
        macros.visit_file(&parsed);
        chains += code.matches("Chain(").count();
        for name in HANDS {
            let inline = |text: &String| {
                (text.contains(&format!("{{{name}}}")) || text.contains(&format!("{{{name}:")))
                    && !text.contains(&format!("{name} ="))
            };
            let field = |text: &String| text.contains(&format!("% {name} ,")) || text.ends_with(&format!("% {name}"));
            let texts = macros.0.iter().filter(|text| inline(text) || field(text)).cloned();
            let made = code
                .lines()
                .filter(|line| names(line, &format!("{name}.to_string()")) && !line.trim().starts_with("//"));
            for found in texts.chain(made.map(|line| line.trim().to_owned())) {
                match IN_WORDS.iter().position(|(path, of, _)| *path == file.path && *of == name) {
                    Some(place) => used.insert(place),
                    None => findings.insert(format!("{}: {found}", file.path)),
                };
            }
        }
    }
    assert!(chains > 50, "only {chains} chains");
    findings.extend(
        IN_WORDS.iter().enumerate().filter(|(place, _)| !used.contains(place)).map(|(_, (path, name, why))| {
            format!("{path}: {name} is not shown any more ({why}): take it off the list")
        }),
    );
    none(findings.into_iter().collect());
}
