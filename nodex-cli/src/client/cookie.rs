//! The source of the cookie, and the users who can read it.

use std::{env, fs, io, os::unix::fs::PermissionsExt as _, path::PathBuf};

use nodex_core::{
    error::Chain,
    node::{CookieSource, CookieSourceError},
    protocol::Cookie,
};
use nodex_host::distributed::random_cookie;

use crate::{
    failure::{Code, Failure},
    options::Global,
    output::Screen,
};

/// Where a cookie comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// This environment variable.
    Variable(&'static str),
    /// This file.
    File {
        path: PathBuf,
        /// The bits of its mode.
        mode: u32,
    },
}

/// Returns the first place that has a cookie, in the order of their precedence.
pub(crate) fn cookie_origin(global: &Global) -> Option<Origin> {
    if let Some(name) = ["NODEX_COOKIE", "RELEASE_COOKIE"].into_iter().find(|name| env::var_os(name).is_some()) {
        return Some(Origin::Variable(name));
    }
    let named = global.cookie_file.clone().or_else(|| env::var_os("NODEX_COOKIE_FILE").map(PathBuf::from));
    [named].into_iter().flatten().chain(CookieSource::of_the_user()).find_map(|path| {
        let mode = fs::metadata(&path).ok()?.permissions().mode();
        Some(Origin::File { path, mode })
    })
}

/// Returns the cookie that a BEAM of this user has by default.
pub(crate) fn cookie_of_erl() -> Option<(PathBuf, Cookie)> {
    let path = CookieSource::of_the_user().find(|path| path.is_file())?;
    let text = fs::read_to_string(&path).ok()?;
    Some((path, Cookie::new(text.trim_end()).ok()?))
}

/// Returns the cookie that all nodes of a cluster know; tells if others can read it.
pub(crate) fn cookie(global: &Global) -> Result<Cookie, Failure> {
    let cookie = source(global).read().map_err(cookie_failure)?;
    warn(global);
    Ok(cookie)
}

/// Returns the same for a host of nodes that are started by it: a random one if the user has none.
pub(crate) fn cookie_or_random(global: &Global) -> Result<Cookie, Failure> {
    match source(global).read() {
        Err(CookieSourceError::None) => Ok(random_cookie()?),
        _ => cookie(global),
    }
}

/// Returns the cookie, without a word about it.
pub(crate) fn read_cookie(global: &Global) -> Result<Cookie, CookieSourceError> {
    source(global).read()
}

fn source(global: &Global) -> CookieSource {
    global.cookie_file.clone().map_or_else(CookieSource::default, CookieSource::with_file)
}

/// Tells if the file that the cookie is from can be read by others.
fn warn(global: &Global) {
    if let Some(Origin::File { path, mode }) = cookie_origin(global)
        && mode & 0o077 != 0
    {
        let screen = Screen::new(global.quiet);
        let path = path.display();
        screen.talk(format_args!(
            "{} others can read the cookie in {path}: chmod 400 {path}",
            screen.err.bad("warning:")
        ));
    }
}

fn cookie_failure(error: CookieSourceError) -> Failure {
    let failure = Failure::new(Code::Refused, Chain(&error));
    match &error {
        CookieSourceError::None => {
            failure.hint("it has to be the cookie of the other node; --cookie-file names a file")
        }
        CookieSourceError::Read { path, error } if error.kind() == io::ErrorKind::NotFound => {
            failure.hint(format!("write the cookie of the other node to {}", path.display()))
        }
        _ => failure,
    }
}
