//! The files of a new project, out of `nodex-cli/templates`.

use std::path::{Path, PathBuf};

use super::{
    name::Name,
    source::{Source, Sources},
};

/// A file to be written.
#[derive(Clone)]
pub(super) struct File {
    /// In the folder of the project.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Where the crate is in the folder of the project.
pub(super) fn crate_folder(name: &Name, elixir: bool) -> PathBuf {
    if elixir { Path::new("native").join(&name.krate) } else { PathBuf::new() }
}

/// For a project in this folder.
pub(super) fn all(dir: &Path, name: &Name, Sources { crates, elixir }: &Sources) -> Vec<File> {
    let mut files = Vec::new();
    let mut add = |path: PathBuf, template: &str| files.push(File { path, text: fill(template, name, crates, dir) });
    let mix_source = elixir.as_ref().and_then(|source| source.mix(dir));
    if let Some(mix_source) = &mix_source {
        let (lib, test) = (Path::new("lib"), Path::new("test"));
        add("README.md".into(), include_str!("../../../templates/elixir/README.md"));
        add("mix.exs".into(), &mix(mix_source));
        add(".formatter.exs".into(), include_str!("../../../templates/elixir/formatter.exs"));
        add(".gitignore".into(), include_str!("../../../templates/elixir/gitignore"));
        add(lib.join(format!("{}.ex", name.app)), include_str!("../../../templates/elixir/lib/api.ex"));
        let application = include_str!("../../../templates/elixir/lib/application.ex");
        add(lib.join(&name.app).join("application.ex"), application);
        add(test.join("test_helper.exs"), include_str!("../../../templates/elixir/test/test_helper.exs"));
        let tests = include_str!("../../../templates/elixir/test/api_test.exs");
        add(test.join(format!("{}_test.exs", name.app)), tests);
    } else {
        add("README.md".into(), include_str!("../../../templates/node/README.md"));
    }
    let krate = crate_folder(name, mix_source.is_some());
    add(krate.join("Cargo.toml"), &cargo(&crates.cargo(&dir.join(&krate))));
    add(krate.join("src/main.rs"), include_str!("../../../templates/node/main.rs"));
    add(krate.join(".gitignore"), include_str!("../../../templates/node/gitignore"));
    files
}

fn cargo(nodex: &str) -> String {
    include_str!("../../../templates/node/Cargo.toml.in").replace("{{dependency}}", nodex)
}

fn mix(nodex_rs: &str) -> String {
    include_str!("../../../templates/elixir/mix.exs").replace("{{dependency}}", nodex_rs)
}

fn fill(template: &str, name: &Name, source: &Source, dir: &Path) -> String {
    template
        .replace("{{name}}", &name.krate)
        .replace("{{app}}", &name.app)
        .replace("{{module}}", &name.module)
        .replace("{{rust}}", env!("CARGO_PKG_RUST_VERSION"))
        .replace("{{source}}", &source.text(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_be_filled_in() {
        let name = Name { krate: "my-calc".into(), app: "my_calc".into(), module: "MyCalc".into() };
        let git = || Source::Git("https://host/nodex.git".into());
        let registry = || Source::Registry("erlnode".into());
        let mut seen = 0;
        for (crates, elixir) in [(git(), None), (git(), Some(git())), (registry(), None), (registry(), Some(git()))] {
            for file in all(Path::new("/a"), &name, &Sources { crates, elixir }) {
                seen += 1;
                assert!(!file.text.contains("{{") || file.path.ends_with("main.rs"), "{}", file.path.display());
                assert!(!file.text.contains("{{name") && file.text.ends_with('\n'), "{}", file.path.display());
            }
        }
        assert_eq!(seen, 2 * (4 + 11), "files of both kinds of projects");
    }
}
