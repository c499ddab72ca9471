//! [`Launch`].

use std::{
    ffi::OsString,
    fmt, fs, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::fs::{Access, access};
use thiserror::Error;

use super::before_exec;

/// An executable with its arguments and its environment.
#[derive(Clone)]
#[non_exhaustive]
pub struct Launch {
    /// The path of the executable, relative to the working directory of this program. It is not looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Changes to the inherited environment: variables to set, and with `None` to remove.
    pub env: Vec<(OsString, Option<OsString>)>,
    /// Its working directory; by default that of this program.
    pub cwd: Option<PathBuf>,
    /// Input for its stdin, which stays open after it.
    pub input: Vec<u8>,
}

/// Omits the values of variables and the input, which may be secrets.
impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<_> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("Launch")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("env", &env)
            .field("cwd", &self.cwd)
            .field("input", &format_args!("{} bytes", self.input.len()))
            .finish()
    }
}

/// Why an executable could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is no file at this path.
    #[error("the executable {} does not exist", path.display())]
    NotFound {
        /// The path, made absolute.
        path: PathBuf,
    },
    /// No file of this name is in `PATH`.
    #[error("{program} is in no folder of PATH: install it, or say where it is")]
    NotInPath {
        /// The name.
        program: String,
    },
    /// The path is that of a directory.
    #[error("the executable {} is a directory", path.display())]
    IsDirectory {
        /// The path, made absolute.
        path: PathBuf,
    },
    /// The file may not be executed by this user.
    #[error("{} is not executable: set its mode with chmod +x", path.display())]
    NotExecutable {
        /// The path, made absolute.
        path: PathBuf,
    },
    /// The file is a script or a dynamically linked program whose interpreter does not exist.
    #[error("{} cannot run: the interpreter that its first line or its header names does not exist", path.display())]
    NoInterpreter {
        /// The path, made absolute.
        path: PathBuf,
    },
    /// The working directory cannot be used.
    #[error("the working directory {} of {} cannot be used", cwd.display(), path.display())]
    WorkingDirectory {
        /// The path, made absolute.
        path: PathBuf,
        /// The directory.
        cwd: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system refuses, for example because no memory is left, or because the program is for another
    /// machine.
    #[error("the operating system does not start {}", path.display())]
    Refused {
        /// The path, made absolute.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The thread that starts and stops processes is not running.
    #[error("the thread that starts processes is not available")]
    NoWarden {
        /// What the operating system says.
        source: io::Error,
    },
}

impl Launch {
    /// Creates a launch without arguments, in the environment and the working directory of this program.
    pub fn new(program: impl Into<PathBuf>) -> Launch {
        Launch { program: program.into(), args: Vec::new(), env: Vec::new(), cwd: None, input: Vec::new() }
    }

    /// Checks what can be checked without starting the executable, and returns its absolute path.
    ///
    /// # Errors
    /// Returns an error when it could not be started.
    pub fn check(&self) -> Result<PathBuf, LaunchError> {
        let path = std::path::absolute(&self.program).map_err(|source| self.refused(source))?;
        match fs::metadata(&path) {
            Ok(file) if file.is_dir() => return Err(LaunchError::IsDirectory { path }),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(LaunchError::NotFound { path });
            }
            Err(source) => return Err(LaunchError::Refused { path, source }),
        }
        if access(&path, Access::EXEC_OK).is_err() {
            return Err(LaunchError::NotExecutable { path });
        }
        if let Some(cwd) = &self.cwd {
            let usable = fs::metadata(cwd)
                .and_then(|entry| if entry.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) });
            if let Err(source) = usable {
                return Err(LaunchError::WorkingDirectory { path, cwd: cwd.clone(), source });
            }
        }
        Ok(path)
    }

    /// Returns the command, with a process group of its own and three pipes; it is killed with the thread that starts
    /// it.
    pub(super) fn command(&self, path: &Path) -> Command {
        let mut command = Command::new(path);
        command.args(&self.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        before_exec::prepare(&mut command);
        command
    }

    /// Returns the error for a failed `exec` of a file that passed [`check`](Self::check).
    pub(super) fn exec_failed(&self, path: PathBuf, source: io::Error) -> LaunchError {
        match source.kind() {
            io::ErrorKind::NotFound => LaunchError::NoInterpreter { path },
            _ => LaunchError::Refused { path, source },
        }
    }

    fn refused(&self, source: io::Error) -> LaunchError {
        LaunchError::Refused { path: self.program.clone(), source }
    }
}
