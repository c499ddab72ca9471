//! Where the cookie comes from, and who else can read it.

use std::{env, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use nodex_core::{node::CookieSource, protocol::Cookie};

use crate::{cli::Global, output::Screen};

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

/// The first place that has a cookie, in the order in which they are looked at.
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

/// The cookie that a BEAM of this user has, unless it is told another.
pub(crate) fn cookie_of_erl() -> Option<(PathBuf, Cookie)> {
    let path = CookieSource::of_the_user().find(|path| path.is_file())?;
    let text = fs::read_to_string(&path).ok()?;
    Some((path, Cookie::new(text.trim_end()).ok()?))
}

pub(super) fn source(global: &Global) -> CookieSource {
    global.cookie_file.clone().map_or_else(CookieSource::default, CookieSource::with_file)
}

/// Tells if the file that the cookie is from can be read by others.
pub(super) fn warn(global: &Global) {
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
