//! Where a new project takes nodex from. The crates are in no registry, so it is a folder or a git repository.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::failure::{Code, Failure};

/// The folder that this command was built from. It need not be there any more.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Absolute, without links in it.
    Folder(PathBuf),
    Git(String),
}

/// The folder of a project, which need not be there yet: absolute, without links in it.
pub(super) fn real(dir: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(dir)?;
    for there in absolute.ancestors() {
        if let Ok(real) = fs::canonicalize(there) {
            return Ok(real.join(absolute.strip_prefix(there).unwrap_or(Path::new(""))));
        }
    }
    Ok(absolute)
}

/// The way from one folder to another; both are absolute and without links.
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
    /// What the user has given, or else what this command was built from.
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

    /// A URL gets into files of two languages, in quotes.
    fn git(url: &str) -> Result<Source, Failure> {
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '#' | '{' | '}' | '`');
        match url.chars().all(is_plain) {
            true => Ok(Source::Git(url.to_owned())),
            false => Err(Failure::new(Code::Usage, format!("--nodex {url:?} is no URL"))),
        }
    }

    fn folder(folder: &Path) -> Result<Source, String> {
        let folder = fs::canonicalize(folder).map_err(|error| error.to_string())?;
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
        }
    }

    /// As in a `mix.exs` in this folder.
    pub(super) fn mix(&self, from: &Path) -> String {
        match self {
            Source::Folder(folder) => format!("path: \"{}/elixir/nodex_rs\"", relative(folder, from).display()),
            Source::Git(url) => format!("git: \"{url}\", subdir: \"elixir/nodex_rs\""),
        }
    }

    /// As in a README in this folder.
    pub(super) fn text(&self, from: &Path) -> String {
        match self {
            Source::Folder(folder) => format!("`{}`", relative(folder, from).display()),
            Source::Git(url) => format!("`{url}`"),
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
        assert_eq!(source.mix(Path::new("/a")), "git: \"https://host/nodex.git\", subdir: \"elixir/nodex_rs\"");
        for url in ["https://host/\"", "https://host/#{x}", "https://host/a b", "ssh://host/\n"] {
            assert!(Source::find(Some(url)).is_err(), "{url:?}");
        }
    }

    #[test]
    fn folders_are_told_from_where_they_are_read() {
        let source = Source::Folder("/srv/nodex".into());
        assert_eq!(source.cargo(Path::new("/srv/shop/native/calc")), "{ path = \"../../../nodex\" }");
        assert_eq!(source.mix(Path::new("/home/me/shop")), "path: \"../../../srv/nodex/elixir/nodex_rs\"");
        assert_eq!(source.text(Path::new("/srv/nodex/target/calc")), "`../..`");
        assert_eq!(source.text(Path::new("/srv/nodex")), "`.`");
        let folder = real(Path::new("/proc/self/cwd/no/../such")).map(|real| real.starts_with("/proc"));
        assert_eq!(folder.ok(), Some(false), "links are followed");
    }

    #[test]
    fn folders() {
        let Ok(Source::Folder(folder)) = Source::find(None) else { panic!("it is there while its tests run") };
        assert!(folder.join("nodex-cli/src/command/new/source.rs").is_file());
        assert!(Source::find(Some("/no/such/folder")).is_err());
        assert!(Source::find(Some(env!("CARGO_MANIFEST_DIR"))).is_err(), "a crate of nodex is not nodex");
    }
}
