//! Where the control socket of a fleet is: in a folder that only its owner can open.

use std::{
    env, fs, io,
    os::{
        fd::{AsRawFd as _, OwnedFd},
        unix::fs::DirBuilderExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, fstat},
    process::geteuid,
};

use super::private;

/// A folder for control sockets, and the name that the files of one fleet have there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// It has to be there.
    base: PathBuf,
    /// The base was named by the environment, which may be that of another user, as with `sudo`.
    inherited: bool,
    /// Made on demand.
    folder: PathBuf,
    id: String,
}

/// Returns the places of a fleet, the best one first. With a `control_dir` in the file there is only that.
pub(super) fn places(file: &Path, control_dir: Option<PathBuf>) -> Vec<Place> {
    let file = canonical(file);
    let id = format!("{:016x}", fnv(file.as_os_str().as_encoded_bytes()));
    let place = |base: PathBuf, name, inherited| Place { folder: base.join(name), base, inherited, id: id.clone() };
    if let Some(base) = control_dir {
        return vec![place(base, "nodex", false)];
    }
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let beside = file.parent().map(Path::to_owned);
    let runtime = runtime.map(|base| place(base, "nodex", true));
    runtime.into_iter().chain(beside.map(|base| place(base, ".nodex", false))).collect()
}

/// Returns the path without links; the file itself may be gone.
fn canonical(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let folder = file.parent().and_then(|folder| fs::canonicalize(folder).ok());
        match (folder, file.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => file,
        }
    })
}

/// FNV-1a: the same for every build of this command.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

impl Place {
    /// Returns the path of the socket, for people.
    pub(super) fn socket_path(&self) -> PathBuf {
        self.folder.join(self.socket())
    }

    pub(super) fn socket(&self) -> String {
        format!("{}.sock", self.id)
    }

    pub(super) fn lock(&self) -> String {
        format!("{}.lock", self.id)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder if it is not there, and opens it, if it is this user's own.
    pub(super) fn create(&self) -> io::Result<OwnedFd> {
        if !self.base.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is no folder", self.base.display())));
        }
        let owner = private::owner(&self.base)?;
        if self.inherited && owner != 0 && owner != geteuid().as_raw() {
            return Err(refused(format!("{} belongs to the user {owner}", self.base.display())));
        }
        match fs::DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => self.open_own(),
        }
    }

    /// Opens the folder, if it is this user's own.
    pub(super) fn open_own(&self) -> io::Result<OwnedFd> {
        let Opened { folder, owner } = self.open()?;
        match owner == geteuid().as_raw() {
            true => Ok(folder),
            false => Err(self.foreign(owner)),
        }
    }

    /// Opens the folder, if nobody but its owner can look into it, and that is this user; the superuser may look after the
    /// fleets of others.
    pub(super) fn open(&self) -> io::Result<Opened> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::open(&self.folder, flags, Mode::empty())?;
        let stat = fstat(&folder)?;
        if stat.st_uid != geteuid().as_raw() && !geteuid().is_root() {
            return Err(self.foreign(stat.st_uid));
        }
        if stat.st_mode & 0o077 != 0 {
            let path = self.folder.display();
            return Err(refused(format!("others can open {path}: chmod 700 {path}")));
        }
        Ok(Opened { folder, owner: stat.st_uid })
    }

    fn foreign(&self, owner: u32) -> io::Error {
        refused(format!("{} belongs to the user {owner}", self.folder.display()))
    }
}

/// An open folder of control sockets.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) folder: OwnedFd,
    /// Whose it is.
    pub(super) owner: u32,
}

fn refused(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

/// Returns the path of a file in an open folder: as short as a socket needs it, and in that very folder, whatever has
/// become of its path.
pub(super) fn inside(folder: &OwnedFd, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}
