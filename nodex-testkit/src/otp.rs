//! The releases of Erlang/OTP that the tests run: the one of this machine and those that
//! `scripts/otp` has set up, each a small Debian system that is entered by chroot.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::executable::target;

/// Settings of whoever runs the tests, which are not to reach the BEAMs of a test.
const FOREIGN: [&str; 8] = [
    "ERL_FLAGS",
    "ERL_AFLAGS",
    "ERL_ZFLAGS",
    "ERL_LIBS",
    "ERL_DIST_PORT",
    "ERL_EPMD_ADDRESS",
    "ERL_EPMD_PORT",
    "ELIXIR_ERL_OPTIONS",
];

/// An installation of Erlang/OTP and Elixir.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otp {
    /// Nothing for the one of this machine.
    root: Option<PathBuf>,
    release: u32,
}

impl Otp {
    /// Returns the one in `target/otp/<folder>`, or the one of this machine.
    pub fn installed(folder: Option<&str>) -> Self {
        let root = folder.map(|folder| target().join("otp").join(folder));
        if let Some(root) = &root {
            let made = "scripts/otp makes it (scripts/test does all that is needed)";
            assert!(root.is_dir(), "{} is not there: {made}", root.display());
        }
        Self { release: release_in(root.as_deref().unwrap_or(Path::new("/"))), root }
    }

    /// Returns whether it is the one that is installed here, and not one in a folder of its own.
    pub fn is_of_this_machine(&self) -> bool {
        self.root.is_none()
    }

    /// Returns the release, as the installation says itself.
    pub fn release(&self) -> u32 {
        self.release
    }

    /// Returns a program of this installation.
    pub fn command(&self, program: &str) -> Command {
        let mut command = match &self.root {
            None => Command::new(program),
            Some(root) => {
                let mut command = Command::new("chroot");
                if !rustix::process::geteuid().is_root() {
                    command = Command::new("unshare");
                    command.args(["--map-root-user", "chroot"]);
                }
                command.arg(root).arg(program);
                command
            }
        };
        self.set_env(&mut command);
        command
    }

    /// Returns a shell script of this installation, with its arguments to come, for programs that look at `/proc`.
    pub fn script(&self, script: &str) -> Command {
        let mut command = match &self.root {
            None => Command::new("sh"),
            Some(root) => {
                let mut command = Command::new("unshare");
                if !rustix::process::geteuid().is_root() {
                    command.arg("--map-root-user");
                }
                let enter = r#"mount --rbind /proc "$0/proc" && exec chroot "$0" "$@""#;
                command.args(["--mount", "sh", "-c", enter]).arg(root).arg("/bin/sh");
                command
            }
        };
        command.args(["-c", script]);
        self.set_env(&mut command);
        command
    }

    fn set_env(&self, command: &mut Command) {
        if self.root.is_some() {
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        }
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C.UTF-8");
    }

    /// Returns a new folder that programs of this installation see.
    pub fn folder(&self, name: &str) -> Folder {
        let inside = match self.root {
            None => target().join("tmp").join(format!("otp-{name}")),
            Some(_) => Path::new("/tmp").join(format!("nodex-{name}")),
        };
        let outside = match &self.root {
            None => inside.clone(),
            Some(root) => root.join(inside.strip_prefix("/").expect("an absolute path")),
        };
        fs::create_dir_all(&outside).unwrap_or_else(|error| panic!("{}: {error}", outside.display()));
        Folder { inside, outside }
    }
}

impl fmt::Display for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OTP {}", self.release)
    }
}

/// Returns the highest release in an installation's own list, `releases/<n>`.
fn release_in(root: &Path) -> u32 {
    let releases = root.join("usr/lib/erlang/releases");
    let entries =
        fs::read_dir(&releases).unwrap_or_else(|error| panic!("{}: {error} (Debian: erlang-base)", releases.display()));
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.max().unwrap_or_else(|| panic!("no release in {}", releases.display()))
}

/// A folder that is removed at the end, as it is called in the installation and out here.
#[derive(Debug)]
pub struct Folder {
    /// How programs of the installation call it.
    pub inside: PathBuf,
    outside: PathBuf,
}

impl Folder {
    /// Copies a file, and returns its path as it is called in the installation.
    pub fn copy(&self, file: &Path) -> PathBuf {
        let name = file.file_name().expect("the path of a file");
        fs::copy(file, self.outside.join(name)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.inside.join(name)
    }

    /// Gives a file that was copied another name.
    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.outside.join(from), self.outside.join(to)).unwrap_or_else(|error| panic!("{from}: {error}"));
    }

    /// Copies a folder with all that is in it, except for these names, and returns its path in the installation.
    pub fn copy_all(&self, folder: &Path, except: &[&str]) -> PathBuf {
        let name = folder.file_name().expect("the path of a folder");
        copy_all(folder, &self.outside.join(name), except);
        self.inside.join(name)
    }
}

fn copy_all(from: &Path, to: &Path, except: &[&str]) {
    fs::create_dir_all(to).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if except.iter().any(|name| entry.file_name() == *name) {
            continue;
        } else if source.is_dir() {
            copy_all(&source, &target, except);
        } else {
            fs::copy(&source, &target).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.outside);
    }
}

/// A test for each release of each case, a function `fn(&Otp)` in the module that uses this macro. The
/// modules are named by what `scripts/otp` calls them, so that `--skip otp_` leaves all but the
/// machine's own out; `otp_29` is the newest there is.
#[macro_export]
macro_rules! for_each_release {
    ($($case:ident),+ $(,)?) => {
        $crate::otp::release!(otp_23 = Some("23"); $($case),+);
        $crate::otp::release!(system = None; $($case),+);
        $crate::otp::release!(otp_27 = Some("27"); $($case),+);
        $crate::otp::release!(otp_29 = Some("29"); $($case),+);
    };
}
pub use for_each_release;

/// The tests of one release.
#[macro_export]
macro_rules! release {
    ($name:ident = $folder:expr; $($case:ident),+) => {
        mod $name {
            $(#[test] fn $case() { super::$case(&$crate::otp::Otp::installed($folder)); })+
        }
    };
}
pub use release;
