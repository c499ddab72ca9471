//! A gate that handlers of the node under attack (`target.rs`) wait at until a test opens it, so that no test has to
//! guess how long something takes.

use std::{
    fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use super::wire;
use nodex_testkit::executable::target;

/// Closed at first. It is a file, which also opens for a node that reads nothing any more.
pub(crate) struct Gate {
    file: PathBuf,
}

impl Gate {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = target().join("tmp");
        fs::create_dir_all(&folder).expect("a folder");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Gate { file: folder.join(format!("gate-{}-{number}", process::id())) }
    }

    /// What the node calls it: an argument of its functions.
    pub(crate) fn term(&self) -> Vec<u8> {
        wire::binary(self.file.to_str().expect("a path in UTF-8").as_bytes())
    }

    /// Tasks that wait at it continue.
    pub(crate) fn open(&self) {
        fs::write(&self.file, "").expect("a file");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // It was never opened.
        let _ = fs::remove_file(&self.file);
    }
}
