//! One `nodex up` per fleet: a lock that ends with its process, and the control socket.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt as _, net::UnixListener},
    },
    path::{Path, PathBuf},
    process,
};

use rustix::{
    fs::{AtFlags, FlockOperation, Mode, OFlags, flock, fstat, openat, statat, unlinkat},
    io::Errno,
};
use thiserror::Error;

use super::{
    place::{Place, inside},
    private::open_file,
};

/// How often another process may remove the lock file at its end before this one gives up.
const ATTEMPTS: u32 = 100;

/// Why a fleet cannot be claimed.
#[derive(Debug, Error)]
pub(super) enum ClaimError {
    /// Another process has it.
    #[error("the fleet of {} is up already{}", file.display(), pid.map(|pid| format!(", as process {pid}")).unwrap_or_default())]
    Running { file: PathBuf, pid: Option<u32> },
    /// There is no place for the control socket.
    #[error("the control socket {} cannot be made", path.display())]
    NoPlace {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
}

/// This process is the one that runs the fleet. Dropping it takes the socket away.
#[derive(Debug)]
pub(super) struct Claim {
    place: Place,
    folder: OwnedFd,
    /// Locked as long as it is open.
    _lock: File,
    /// A socket of a process that ended without taking it away.
    pub(super) replaced: bool,
}

impl Claim {
    /// Claims a fleet in the best place that can be used.
    pub(super) fn take(file: &Path, places: &[Place]) -> Result<Claim, ClaimError> {
        let mut failed = None;
        let mut claimed: Option<Claim> = None;
        for place in places {
            // One that was started with another environment has it elsewhere.
            let folder = if claimed.is_none() { place.create() } else { place.open_own() };
            let result = match folder {
                Ok(folder) if claimed.is_none() => lock(place, folder).map(|claim| claimed = Some(claim)),
                Ok(folder) => look(place, &folder),
                Err(error) => Err(Held::Not(error)),
            };
            match result {
                Ok(()) => {}
                Err(Held::By(pid)) => return Err(ClaimError::Running { file: file.to_owned(), pid }),
                Err(Held::Not(error)) => failed = failed.or(Some((place.socket_path(), error))),
            }
        }
        let (path, error) = failed.unwrap_or_else(|| (file.to_owned(), io::ErrorKind::NotFound.into()));
        claimed.ok_or(ClaimError::NoPlace { path, error })
    }

    /// Returns the path of the socket.
    pub(super) fn path(&self) -> PathBuf {
        self.place.socket_path()
    }

    /// Makes the socket.
    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        let path = inside(&self.folder, &self.place.socket());
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = unlinkat(&self.folder, self.place.socket(), AtFlags::empty());
        let _ = unlinkat(&self.folder, self.place.lock(), AtFlags::empty());
        // It stays if another fleet has its socket there.
        let _ = fs::remove_dir(self.place.folder());
    }
}

/// Why there is no lock.
enum Held {
    By(Option<u32>),
    Not(io::Error),
}

impl<E: Into<io::Error>> From<E> for Held {
    fn from(error: E) -> Held {
        Held::Not(error.into())
    }
}

fn lock(place: &Place, mut folder: OwnedFd) -> Result<Claim, Held> {
    let name = place.lock();
    for _ in 0..ATTEMPTS {
        let mut file = match open_file(&folder, &name, OFlags::RDWR) {
            Ok(file) => file,
            // The folder was taken away by one that ended.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                folder = place.create()?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(Held::By(pid(&mut file))),
            Err(error) => return Err(error.into()),
        }
        // A lock file that its owner took away in between locks nothing.
        let is_there = statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| stat.st_ino);
        if is_there.ok() != Some(fstat(&file)?.st_ino) {
            continue;
        }
        file.set_len(0)?;
        writeln!(file, "{}", process::id())?;
        let replaced = match unlinkat(&folder, place.socket(), AtFlags::empty()) {
            Ok(()) => true,
            Err(Errno::NOENT) => false,
            Err(error) => return Err(error.into()),
        };
        return Ok(Claim { place: place.clone(), folder, _lock: file, replaced });
    }
    Err(io::Error::from(io::ErrorKind::ResourceBusy).into())
}

/// Whether somebody has the fleet in this place.
fn look(place: &Place, folder: &OwnedFd) -> Result<(), Held> {
    // A pipe in its place must not hold this up.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = match openat(folder, place.lock(), flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(Errno::WOULDBLOCK) => Err(Held::By(pid(&mut file))),
        _ => Ok(()),
    }
}

/// Who wrote it, if he has come that far.
fn pid(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
