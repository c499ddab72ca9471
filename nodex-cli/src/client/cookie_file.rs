//! Who else can read the cookie.

use std::{env, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use crate::{cli::Global, output::Screen};

/// Tells if the file that the cookie is from can be read by others.
pub(super) fn warn(global: &Global) {
    if ["NODEX_COOKIE", "RELEASE_COOKIE"].into_iter().any(|name| env::var_os(name).is_some()) {
        return;
    }
    let in_folder = |variable, path| env::var_os(variable).map(|folder| PathBuf::from(folder).join(path));
    let named = global.cookie_file.clone().or_else(|| env::var_os("NODEX_COOKIE_FILE").map(PathBuf::from));
    let places = [named, in_folder("HOME", ".erlang.cookie"), in_folder("XDG_CONFIG_HOME", "erlang/.erlang.cookie")];
    let found = places.into_iter().flatten().find_map(|path| Some((fs::metadata(&path).ok()?, path)));
    if let Some((metadata, path)) = found
        && metadata.permissions().mode() & 0o077 != 0
    {
        let screen = Screen::new(global.quiet);
        let path = path.display();
        screen.talk(format_args!(
            "{} others can read the cookie in {path}: chmod 400 {path}",
            screen.err.bad("warning:")
        ));
    }
}
