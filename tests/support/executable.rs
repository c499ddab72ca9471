//! Where the node executables are.

use std::path::{Path, PathBuf};

/// A node executable: a program that takes `<sname> <hostname> <cookie> <tname>`.
pub(crate) struct Executable {
    path: PathBuf,
}

impl Executable {
    /// A program of `c_src/children`, which misbehaves.
    pub(crate) fn child(name: &str) -> Self {
        Self::at(target().join("c_src/children").join(name), "make -C c_src")
    }

    /// A program that `make -C c_src` has built.
    pub(crate) fn c_node(name: &str) -> Self {
        Self::at(target().join("c_src").join(name), "make -C c_src")
    }

    /// An example of this workspace, which `cargo test` builds beside the test itself.
    pub(crate) fn example(name: &str) -> Self {
        let test = std::env::current_exe().expect("the path of the running test");
        let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
        Self::at(profile.join("examples").join(name), "cargo build --examples")
    }

    fn at(path: PathBuf, built_by: &str) -> Self {
        assert!(
            path.is_file(),
            "{} is not there: {built_by} builds it (scripts/test does all that is needed)",
            path.display()
        );
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Cargo's target folder.
pub(crate) fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's tmp folder lies in its target folder")
}
