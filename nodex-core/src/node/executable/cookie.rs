//! Cookies from the environment and from files. Other users of the machine can read the argument list.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use crate::protocol::{Cookie, CookieError};

/// Reads a cookie from the environment or from a file.
///
/// The first of these that exists is used: `NODEX_COOKIE`, `RELEASE_COOKIE`, the file given to
/// [`with_file`](Self::with_file) or in `NODEX_COOKIE_FILE`, `~/.erlang.cookie`,
/// `$XDG_CONFIG_HOME/erlang/.erlang.cookie` (by default `~/.config/erlang/.erlang.cookie`).
#[derive(Debug, Clone, Default)]
pub struct CookieSource {
    file: Option<PathBuf>,
}

/// Why there is no usable cookie.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CookieSourceError {
    /// The argument is not a valid cookie.
    #[error("the cookie argument cannot be used")]
    Argument(#[source] CookieError),
    /// The value of an environment variable is not a valid cookie.
    #[error("the cookie in {variable} cannot be used")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// What is wrong.
        #[source]
        problem: CookieError,
    },
    /// An environment variable is not valid UTF-8.
    #[error("{variable} is no valid UTF-8")]
    VariableUtf8 {
        /// Its name.
        variable: &'static str,
    },
    /// A file cannot be read.
    #[error("the cookie file {} cannot be read", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The content of a file is not a valid cookie.
    #[error("the cookie file {} cannot be used", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What is wrong.
        #[source]
        problem: CookieError,
    },
    /// There is no cookie in any place.
    #[error("no cookie: set NODEX_COOKIE, or write one to ~/.erlang.cookie")]
    None,
}

impl CookieSource {
    /// Creates a source with a file that must hold the cookie if the environment does not.
    pub fn with_file(file: impl Into<PathBuf>) -> Self {
        CookieSource { file: Some(file.into()) }
    }

    /// Returns the cookie.
    ///
    /// # Errors
    /// Returns an error when the first place that exists has no valid cookie, or no place exists.
    pub fn read(&self) -> Result<Cookie, CookieSourceError> {
        for variable in ["NODEX_COOKIE", "RELEASE_COOKIE"] {
            match env::var(variable) {
                Ok(text) => {
                    return Cookie::new(&text).map_err(|problem| CookieSourceError::Variable { variable, problem });
                }
                Err(env::VarError::NotPresent) => {}
                Err(env::VarError::NotUnicode(_)) => return Err(CookieSourceError::VariableUtf8 { variable }),
            }
        }
        if let Some(path) = self.file.clone().or_else(|| env::var_os("NODEX_COOKIE_FILE").map(PathBuf::from)) {
            return read_file(&path)?
                .ok_or_else(|| CookieSourceError::Read { path, error: io::ErrorKind::NotFound.into() });
        }
        for path in Self::of_the_user() {
            if let Some(cookie) = read_file(&path)? {
                return Ok(cookie);
            }
        }
        Err(CookieSourceError::None)
    }

    /// Returns the files in which a BEAM of this user looks for its cookie, in order (`auth`, `filename:basedir/2`).
    pub fn of_the_user() -> impl Iterator<Item = PathBuf> {
        let folder = |variable| env::var_os(variable).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let home = folder("HOME");
        let config = folder("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
        let config = config.map(|config| config.join("erlang/.erlang.cookie"));
        [home.map(|home| home.join(".erlang.cookie")), config].into_iter().flatten()
    }
}

/// Returns the cookie in a file, without a final line end; `None` when there is no such file.
fn read_file(path: &Path) -> Result<Option<Cookie>, CookieSourceError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(CookieSourceError::Read { path: path.to_owned(), error }),
    };
    warn_if_readable_by_others(path);
    Cookie::new(text.trim_end_matches(['\n', '\r']))
        .map(Some)
        .map_err(|problem| CookieSourceError::File { path: path.to_owned(), problem })
}

/// Logs a warning if other users can read the file. OTP refuses such a file; containers often mount secrets that way.
fn warn_if_readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = fs::metadata(path)
        && metadata.permissions().mode() & 0o077 != 0
    {
        tracing::warn!(path = %path.display(), "the cookie file can be read by others: chmod 400 it");
    }
}
