//! Where the node executables are.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// A node executable: a program that takes `<sname> <hostname> <cookie> <tname>`.
#[derive(Debug, Clone)]
pub struct Executable {
    path: PathBuf,
}

impl Executable {
    /// Creates a program of `c_src/children`, which misbehaves.
    pub fn child(name: &str) -> Self {
        Self::at(target().join("c_src/children").join(name), "make -C c_src")
    }

    /// Creates a program that `make -C c_src` has built.
    pub fn c_node(name: &str) -> Self {
        Self::at(target().join("c_src").join(name), "make -C c_src")
    }

    /// Creates an example of this workspace, which `cargo test` builds beside the test itself.
    pub fn example(name: &str) -> Self {
        Self::at(profile().join("examples").join(name), "cargo build --examples")
    }

    fn at(path: PathBuf, built_by: &str) -> Self {
        assert!(
            path.is_file(),
            "{} is not there: {built_by} builds it (scripts/test does all that is needed)",
            path.display()
        );
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Where cargo puts what it has built in the profile of the running test, as `target/debug`.
pub fn profile() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the running test");
    test.ancestors().nth(2).expect("target/<profile>/deps/<test>").to_owned()
}

/// Cargo's target folder: the one above with a folder `tmp`, which cargo makes for integration tests.
pub fn target() -> &'static Path {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
        let profile = profile();
        let target = profile.ancestors().skip(1).find(|folder| folder.join("tmp").is_dir());
        target.expect("a folder for temporary files in cargo's target folder").to_owned()
    });
    &TARGET
}

/// Returns a program of the system.
pub fn in_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: scripts/test installs it"))
}
