//! Which executables are known to read their cookie from the environment: those that carry the mark of this project.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use nodex_core::node::reads_cookie_from_environment;

/// A file as it is now: device, inode, size, and when it was changed.
type Version = (u64, u64, u64, i64, i64);

/// How many files are remembered.
const REMEMBERED: usize = 1024;

/// Returns whether this is known to be one. A file is looked through once, on a thread for that, however often it is
/// started.
pub(super) async fn is_ours(executable: &Path) -> bool {
    let executable = executable.to_owned();
    tokio::task::spawn_blocking(move || look(executable)).await.unwrap_or_default()
}

fn look(executable: PathBuf) -> bool {
    static KNOWN: Mutex<Option<HashMap<Version, bool>>> = Mutex::new(None);
    let Ok(about) = fs::metadata(&executable) else { return false };
    let version = (about.dev(), about.ino(), about.size(), about.ctime(), about.ctime_nsec());
    let known = |version: &Version| {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().and_then(|known| known.get(version).copied())
    };
    if let Some(ours) = known(&version) {
        return ours;
    }
    // One that cannot be read is not known.
    let ours = reads_cookie_from_environment(&executable).unwrap_or_default();
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(version, ours);
    ours
}
