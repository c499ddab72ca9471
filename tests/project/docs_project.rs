//! `docs/elixir.md`, followed step by step: `mix new`, the files of the page, `mix test`, and what it shows in the shell.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::support::pages::{Block, blocks};
use nodex_testkit::{
    epmd::Epmd,
    executable::{Executable, target},
    root,
    run::{Ended, run},
};

/// A build of nodex in a fresh folder, on a machine with much else to do.
const DEADLINE: Duration = Duration::from_secs(900);

struct Project {
    /// Removed at the end.
    beside: PathBuf,
    epmd: Epmd,
}

impl Project {
    fn new(name: &str) -> Project {
        let beside = target().join("tmp").join(format!("docs-project-{}", std::process::id()));
        let _ = fs::remove_dir_all(&beside);
        fs::create_dir_all(&beside).expect("a folder");
        let project = Project { beside, epmd: Epmd::start() };
        project.runs(&["new", name, "--sup"], &project.beside.clone());
        // As the page says: the repository lies beside the project.
        std::os::unix::fs::symlink(root(), project.beside.join("nodex")).expect("a link");
        project
    }

    fn mix(&self, args: &[&str], folder: &Path) -> Ended {
        let mut mix = Command::new("mix");
        mix.args(args)
            .current_dir(folder)
            // Shared with what `nodex new` makes in its tests.
            .env("CARGO_TARGET_DIR", target().join("tmp/new-target"))
            .env("CARGO_NET_OFFLINE", "true")
            .env("ERL_EPMD_PORT", self.epmd.port().to_string());
        // The home of the run has no toolchain in it.
        for (variable, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
            mix.env(variable, env::var_os(variable).map_or_else(|| home.join(default), PathBuf::from));
        }
        for variable in ["MIX_ENV", "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ELIXIR_ERL_OPTIONS", "ERL_EPMD_ADDRESS"] {
            mix.env_remove(variable);
        }
        run(mix, DEADLINE)
    }

    fn runs(&self, args: &[&str], folder: &Path) -> String {
        let ended = self.mix(args, folder);
        assert_eq!(ended.code, Some(0), "mix {args:?}\n{}{}", ended.stdout, ended.stderr);
        ended.stdout
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.beside);
    }
}

#[test]
fn the_way_by_hand_leads_there() {
    let blocks: Vec<Block> = blocks().into_iter().filter(|block| block.place.starts_with("docs/elixir.md:")).collect();
    let project = Project::new("shop");
    let folder = project.beside.join("shop");

    let files: Vec<(&str, &Block)> = blocks.iter().filter_map(|block| Some((block.about("project")?, block))).collect();
    assert!(files.len() >= 6, "only {} files", files.len());
    for (path, block) in files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, &block.text).expect("a file");
    }
    // The versions that are here already.
    fs::copy(root().join("Cargo.lock"), folder.join("native/calc/Cargo.lock")).expect("the lock file");
    std::os::unix::fs::symlink(Executable::c_node("example_client").path(), folder.join("legacy")).expect("a link");

    let said = project.runs(&["test", "--warnings-as-errors"], &folder);
    assert!(said.contains("1 test, 0 failures"), "{said}");
    project.runs(&["format", "--check-formatted"], &folder);

    let mut seen = 0;
    for block in blocks.iter().filter(|block| block.about("in project").is_some()) {
        let (script, checked) = block.checked();
        seen += checked;
        let said = project.runs(&["run", "-e", &(script + "IO.puts(\"all lines ran\")")], &folder);
        assert!(said.ends_with("all lines ran\n"), "{}\n{said}", block.place);
    }
    assert!(seen >= 6, "only {seen} values checked");
}
