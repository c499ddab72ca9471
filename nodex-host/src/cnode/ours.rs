//! Recognizes executables built with nodex, which read their cookie from the environment.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use nodex_core::node::reads_cookie_from_environment;

/// The version of a file: device, inode, size, and times of change.
type Version = (u64, u64, u64, i64, i64);

/// How many files are remembered.
const REMEMBERED: usize = 1024;

/// Returns whether an executable is built with nodex. Each version of a file is searched once, on a thread for blocking
/// work.
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
