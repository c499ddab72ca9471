//! Where a new project takes nodex from: a folder, a git repository, or crates of a package registry.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nodex_core::error::Chain;

use crate::failure::{Code, Failure};

/// The folder that this command was built from. It need not be there any more.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a crate of a registry is called ends with at most `-macros`, and no name is longer than 64 characters.
const LONGEST_PREFIX: usize = 57;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Absolute, without links in it.
    Folder(PathBuf),
    Git(String),
    /// How the names of the crates begin on the registry: `scripts/package` writes them out.
    Registry(String),
}

/// Returns how the names of the crates begin where this one is called `package`, if they have other names there than in
/// the repository.
fn prefix_of(package: &str) -> Option<&str> {
    package.strip_suffix("-cli").filter(|prefix| *prefix != "nodex")
}

/// Returns the folder of a project, which need not be there yet: absolute, without links in it.
pub(super) fn real(dir: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(dir)?;
    for there in absolute.ancestors() {
        if let Ok(real) = fs::canonicalize(there) {
            return Ok(real.join(absolute.strip_prefix(there).unwrap_or(Path::new(""))));
        }
    }
    Ok(absolute)
}

/// Returns the way from one folder to another; both are absolute and without links.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let common = to.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Path::new(".."));
    let mut way: PathBuf = up.chain(to.components().skip(common).map(|part| Path::new(part.as_os_str()))).collect();
    if way.as_os_str().is_empty() {
        way.push(".");
    }
    way
}

impl Source {
    /// The source from the user, or otherwise the one that this command was built from.
    pub(super) fn find(given: Option<&str>) -> Result<Source, Failure> {
        match given {
            Some(url) if url.contains("://") => Source::git(url),
            Some(folder) => Source::folder(Path::new(folder)).map_err(|why| {
                let failure = Failure::new(Code::Usage, format!("--nodex {folder}: {why}"));
                failure.hint("give the root of the repository of nodex, or a URL such as https://host/nodex.git")
            }),
            None => Source::folder(Path::new(BUILT_FROM)).map_err(|_| {
                let failure = "this command does not know where nodex is: the folder that it was built from is gone";
                Failure::new(Code::Usage, failure)
                    .detail(format!("it was {}", Path::new(BUILT_FROM).parent().unwrap_or(Path::new("")).display()))
                    .hint("--nodex PATH or --nodex URL says where")
            }),
        }
    }

    /// Returns the crates of the registry whose names begin like this.
    pub(super) fn registry(prefix: &str) -> Result<Source, Failure> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let is_name = prefix.starts_with(|c: char| c.is_ascii_lowercase()) && prefix.split(['-', '_']).all(is_word);
        if !is_name || prefix.len() > LONGEST_PREFIX {
            let expected = "words of lower-case letters and digits, first a letter, with - or _ between them";
            let failure =
                Failure::new(Code::Usage, format!("--registry {prefix:?} is no beginning of the name of a crate"));
            return Err(failure.hint(format!("give {expected}, of at most {LONGEST_PREFIX} characters")));
        }
        Ok(Source::Registry(prefix.to_owned()))
    }

    /// Where this command itself is from, if that is a registry.
    pub(super) fn of_this_command() -> Option<Source> {
        prefix_of(env!("CARGO_PKG_NAME")).map(|prefix| Source::Registry(prefix.to_owned()))
    }

    /// A URL gets into files of two languages, in quotes.
    fn git(url: &str) -> Result<Source, Failure> {
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '#' | '{' | '}' | '`');
        match url.chars().all(is_plain) {
            true => Ok(Source::Git(url.to_owned())),
            false => Err(Failure::new(Code::Usage, format!("--nodex {url:?} is no URL"))),
        }
    }

    fn folder(folder: &Path) -> Result<Source, String> {
        let folder = fs::canonicalize(folder).map_err(|error| Chain(&error).to_string())?;
        let manifest =
            fs::read_to_string(folder.join("Cargo.toml")).map_err(|_| "there is no Cargo.toml".to_owned())?;
        // The crate of this command has a program of that name.
        if !manifest.contains("[package]\nname = \"nodex\"\n") {
            return Err("that is not nodex".to_owned());
        }
        match folder.to_str() {
            Some(text) if !text.contains(['"', '\\', '\n', '`']) && !text.contains("#{") => Ok(Source::Folder(folder)),
            _ => Err("the path has characters that cannot be written into the project".to_owned()),
        }
    }

    /// As in a `Cargo.toml` in this folder. Paths are relative, so that they mean the same to whoever has the two side by
    /// side.
    pub(super) fn cargo(&self, from: &Path) -> String {
        match self {
            Source::Folder(folder) => format!("{{ path = \"{}\" }}", relative(folder, from).display()),
            Source::Git(url) => format!("{{ git = \"{url}\" }}"),
            Source::Registry(prefix) => {
                format!("{{ package = \"{prefix}\", version = \"{}\" }}", env!("CARGO_PKG_VERSION"))
            }
        }
    }

    /// As in a `mix.exs` in this folder. The Elixir package is no crate, so no registry of crates has it.
    pub(super) fn mix(&self, from: &Path) -> Option<String> {
        match self {
            Source::Folder(folder) => Some(format!("path: \"{}/elixir/nodex_rs\"", relative(folder, from).display())),
            Source::Git(url) => Some(format!("git: \"{url}\", subdir: \"elixir/nodex_rs\"")),
            Source::Registry(_) => None,
        }
    }

    /// As in a README in this folder.
    pub(super) fn text(&self, from: &Path) -> String {
        match self {
            Source::Folder(folder) => format!("`{}`", relative(folder, from).display()),
            Source::Git(url) => format!("`{url}`"),
            Source::Registry(prefix) => {
                format!(
                    "the repository of nodex; as packages the crates are called `{prefix}`, `{prefix}-host` and so on"
                )
            }
        }
    }
}

/// Where a project takes nodex from.
pub(super) struct Sources {
    pub(super) crates: Source,
    /// The Elixir package, in a mix project.
    pub(super) elixir: Option<Source>,
}

impl Sources {
    pub(super) fn find(registry: Option<&str>, nodex: Option<&str>, with_elixir: bool) -> Result<Sources, Failure> {
        if registry.is_some() && nodex.is_some() && !with_elixir {
            let failure = Failure::new(Code::Usage, "--registry and --nodex both say where the crates are");
            return Err(failure.hint("give one of them; with --elixir, --nodex says where the Elixir package is"));
        }
        let given = registry.map(Source::registry).transpose()?;
        let elsewhere = Source::find(nodex);
        // What was installed from a registry takes its own crates from there again.
        let crates = given.or_else(|| Source::of_this_command().filter(|_| elsewhere.is_err() && nodex.is_none()));
        match (crates, with_elixir) {
            (Some(crates), false) => Ok(Sources { crates, elixir: None }),
            (Some(crates), true) => Ok(Sources { crates, elixir: Some(elsewhere?) }),
            (None, false) => Ok(Sources { crates: elsewhere?, elixir: None }),
            (None, true) => {
                let source = elsewhere?;
                Ok(Sources { crates: source.clone(), elixir: Some(source) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let Ok(source) = Source::find(Some("https://host/nodex.git")) else { panic!("it is a URL") };
        assert_eq!(source.cargo(Path::new("/a")), "{ git = \"https://host/nodex.git\" }");
        let mix = source.mix(Path::new("/a"));
        assert_eq!(mix.as_deref(), Some("git: \"https://host/nodex.git\", subdir: \"elixir/nodex_rs\""));
        for url in ["https://host/\"", "https://host/#{x}", "https://host/a b", "ssh://host/\n"] {
            assert!(Source::find(Some(url)).is_err(), "{url:?}");
        }
    }

    #[test]
    fn folders_are_told_from_where_they_are_read() {
        let source = Source::Folder("/srv/nodex".into());
        assert_eq!(source.cargo(Path::new("/srv/shop/native/calc")), "{ path = \"../../../nodex\" }");
        let mix = source.mix(Path::new("/home/me/shop"));
        assert_eq!(mix.as_deref(), Some("path: \"../../../srv/nodex/elixir/nodex_rs\""));
        assert_eq!(source.text(Path::new("/srv/nodex/target/calc")), "`../..`");
        assert_eq!(source.text(Path::new("/srv/nodex")), "`.`");
        let folder = real(Path::new("/proc/self/cwd/no/../such")).map(|real| real.starts_with("/proc"));
        assert_eq!(folder.ok(), Some(false), "links are followed");
    }

    #[test]
    fn crates_of_a_registry() {
        let Ok(source) = Source::registry("my-erlnode2") else { panic!("it is a prefix") };
        let version = env!("CARGO_PKG_VERSION");
        let line = format!("{{ package = \"my-erlnode2\", version = \"{version}\" }}");
        assert_eq!(source.cargo(Path::new("/a")), line);
        assert_eq!(source.mix(Path::new("/a")), None);
        let long = "a".repeat(58);
        for prefix in ["", "Erlnode", "2nodes", "-a", "a-", "a--b", "a b", "a\"", "\u{e4}", &long] {
            assert!(Source::registry(prefix).is_err(), "{prefix:?}");
        }
        assert!(Source::registry(&long[1..]).is_ok());
    }

    #[test]
    fn a_command_of_a_registry_knows_what_its_crates_are_called() {
        assert_eq!(prefix_of("erlnode-cli"), Some("erlnode"));
        assert_eq!(prefix_of("nodex-cli"), None);
        assert_eq!(Source::of_this_command(), None, "in the repository it is called nodex-cli");
    }

    #[test]
    fn folders() {
        let Ok(Source::Folder(folder)) = Source::find(None) else { panic!("it is there while its tests run") };
        assert!(folder.join("nodex-cli/src/command/new/source.rs").is_file());
        assert!(Source::find(Some("/no/such/folder")).is_err());
        assert!(Source::find(Some(env!("CARGO_MANIFEST_DIR"))).is_err(), "a crate of nodex is not nodex");
    }
}
