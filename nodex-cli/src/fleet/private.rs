//! Files of a fleet that are written to. Whoever can put something in their way, a link, a pipe, another name of another
//! file, must not decide what is written to: it matters most where `nodex up` runs as root.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStringExt as _,
            fs::{DirBuilderExt as _, MetadataExt as _},
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, fchmod, fstat, openat, readlinkat, statat},
    io::Errno,
    process::geteuid,
};

/// How many links a folder may be behind.
const LINKS: u32 = 8;

fn refused(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, words)
}

/// Opens a file in this folder, or makes it, for its owner alone. It has to be a regular file of this user, with no other
/// name elsewhere.
///
/// # Errors
/// Returns an error when it is anything else; nothing has been written to it then.
pub(super) fn open_file(folder: impl AsFd, name: &str, how: OFlags) -> io::Result<File> {
    // Without NONBLOCK a pipe would hold this up until somebody reads from it.
    let flags = how | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match openat(&folder, name, flags, Mode::RUSR | Mode::WUSR) {
        Ok(file) => file,
        Err(Errno::LOOP) => return Err(refused(format!("{name} is a link"))),
        Err(Errno::NXIO) => return Err(refused(format!("{name} is no regular file"))),
        Err(error) => return Err(error.into()),
    };
    let stat = fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(refused(format!("{name} is no regular file")));
    }
    if stat.st_uid != geteuid().as_raw() {
        return Err(refused(format!("{name} belongs to the user {}", stat.st_uid)));
    }
    if stat.st_nlink > 1 {
        return Err(refused(format!("{name} has another name elsewhere")));
    }
    // Who may read it is its owner's decision; lines of others have no place in it.
    let by_others = Mode::WGRP | Mode::WOTH;
    let mode = Mode::from_raw_mode(stat.st_mode);
    if mode.intersects(by_others) {
        fchmod(&file, mode - by_others)?;
    }
    Ok(File::from(file))
}

/// Opens a folder, and makes it for its owner alone if it is not there. If it is a link, that has to be one of this user's
/// or of the superuser's.
///
/// # Errors
/// Returns an error when it cannot be made or opened, or somebody else decides where it leads to.
pub(super) fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..LINKS {
        let entry = match rustix::fs::open(&path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
            Ok(entry) => entry,
            Err(Errno::NOENT) => {
                DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let stat = fstat(&entry)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                return Ok(openat(&entry, ".", flags, Mode::empty())?);
            }
            FileType::Symlink if stat.st_uid == 0 || stat.st_uid == geteuid().as_raw() => {
                // What this very link says, whatever may be in its place by now.
                let target = readlinkat(&entry, "", Vec::new())?.into_bytes();
                path = path.parent().unwrap_or(Path::new("/")).join(PathBuf::from(OsString::from_vec(target)));
            }
            FileType::Symlink => {
                return Err(refused(format!("{} is a link of the user {}", path.display(), stat.st_uid)));
            }
            _ => return Err(io::ErrorKind::NotADirectory.into()),
        }
    }
    Err(Errno::LOOP.into())
}

/// Returns `true` if there is a socket of this name in the folder, and no link to one elsewhere.
pub(super) fn is_socket(folder: impl AsFd, name: &str) -> io::Result<bool> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}

/// Whose a file or folder is.
pub(super) fn owner(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.uid())
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        os::unix::fs::{PermissionsExt as _, chown, lchown, symlink},
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    const APPEND: OFlags = OFlags::WRONLY.union(OFlags::APPEND);

    /// A folder of a test, gone with it.
    struct Dir(PathBuf);

    impl Dir {
        fn new() -> Dir {
            static DIRS: AtomicU32 = AtomicU32::new(0);
            let name = format!("nodex-private-{}-{}", std::process::id(), DIRS.fetch_add(1, Ordering::Relaxed));
            let dir = std::env::temp_dir().join(name);
            fs::create_dir(&dir).unwrap();
            Dir(dir)
        }

        fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn words(result: io::Result<File>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_one_that_is_there_is_gone_on_with() {
        let dir = Dir::new();
        let fd = open_folder(&dir.path().join("deep/log")).unwrap();
        writeln!(open_file(&fd, "a.log", APPEND).unwrap(), "one").unwrap();
        writeln!(open_file(&fd, "a.log", APPEND).unwrap(), "two").unwrap();
        let path = dir.path().join("deep/log/a.log");
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for made in ["deep", "deep/log"] {
            assert_eq!(fs::metadata(dir.path().join(made)).unwrap().permissions().mode() & 0o777, 0o700);
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        open_file(&fd, "a.log", APPEND).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn what_leads_elsewhere_is_refused_and_untouched() {
        let dir = Dir::new();
        let fd = open_folder(dir.path()).unwrap();
        let target = dir.path().join("target");
        fs::write(&target, "precious").unwrap();
        symlink(&target, dir.path().join("link.log")).unwrap();
        symlink(dir.path().join("nowhere"), dir.path().join("dangling.log")).unwrap();
        fs::hard_link(&target, dir.path().join("second.log")).unwrap();
        fs::create_dir(dir.path().join("folder.log")).unwrap();
        let fifo = dir.path().join("pipe.log");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert_eq!(words(open_file(&fd, "link.log", APPEND)), "link.log is a link");
        assert_eq!(words(open_file(&fd, "dangling.log", APPEND)), "dangling.log is a link");
        assert_eq!(words(open_file(&fd, "second.log", APPEND)), "second.log has another name elsewhere");
        assert_eq!(words(open_file(&fd, "pipe.log", APPEND)), "pipe.log is no regular file");
        // With somebody who reads from it, it can be opened.
        let reader = fs::OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
        assert_eq!(words(open_file(&fd, "pipe.log", APPEND)), "pipe.log is no regular file");
        drop(reader);
        assert!(open_file(&fd, "folder.log", APPEND).is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert!(!dir.path().join("nowhere").exists());
    }

    #[test]
    fn files_and_links_of_others_are_refused() {
        assert!(geteuid().is_root(), "only root can give files away");
        let dir = Dir::new();
        let own = dir.path().join("own");
        fs::create_dir(&own).unwrap();
        let fd = open_folder(dir.path()).unwrap();
        fs::write(dir.path().join("a.log"), "").unwrap();
        chown(dir.path().join("a.log"), Some(1234), None).unwrap();
        assert_eq!(words(open_file(&fd, "a.log", APPEND)), "a.log belongs to the user 1234");
        let link = dir.path().join("link");
        symlink("own", &link).unwrap();
        let linked = File::from(open_folder(&link).unwrap()).metadata().unwrap().ino();
        assert_eq!(linked, fs::metadata(&own).unwrap().ino());
        lchown(&link, Some(1234), None).unwrap();
        let error = open_folder(&link).unwrap_err().to_string();
        assert_eq!(error, format!("{} is a link of the user 1234", link.display()));
    }
}
