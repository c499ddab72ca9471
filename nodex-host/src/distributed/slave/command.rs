//! The command line of a slave.

use std::{
    env,
    ffi::{OsStr, OsString},
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::process::LaunchError;

const BOOT: &str = include_str!("boot.erl");

/// Returns the program: a path as it is, a name as the first executable of that name in `PATH`.
pub(super) fn find(program: &OsStr) -> Result<PathBuf, LaunchError> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Ok(program.into());
    }
    let executable =
        |path: &Path| path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| executable(path))
        .ok_or_else(|| LaunchError::NotInPath { program: program.to_string_lossy().into_owned() })
}

/// Returns the arguments of `erl`: those of a slave, then those of the user, which may end with `-extra`.
pub(super) fn arguments(ip: IpAddr, hidden: bool, users: &[OsString]) -> Vec<OsString> {
    let mut all: Vec<OsString> = Vec::new();
    let mut add = |arguments: &[&str]| all.extend(arguments.iter().map(OsString::from));
    // It is distributed only when it knows its cookie, so there is no epmd that `erl` would start.
    add(&["-noinput", "-start_epmd", "false"]);
    if ip.is_ipv6() {
        add(&["-proto_dist", "inet6_tcp"]);
    }
    // Of several the first one counts.
    if !users.iter().any(|argument| argument == "inet_dist_use_interface") {
        add(&["-kernel", "inet_dist_use_interface", &erlang_ip(ip)]);
    }
    if hidden {
        add(&["-hidden"]);
    }
    add(&["-eval", &boot()]);
    all.extend(users.iter().cloned());
    all
}

/// Returns the boot expression in one line, without comments.
fn boot() -> String {
    let lines = BOOT.lines().map(str::trim).filter(|line| !line.starts_with("%%") && !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// `{127,0,0,1}` or a tuple of eight numbers.
fn erlang_ip(ip: IpAddr) -> String {
    let numbers: Vec<String> = match ip {
        IpAddr::V4(ip) => ip.octets().iter().map(ToString::to_string).collect(),
        IpAddr::V6(ip) => ip.segments().iter().map(ToString::to_string).collect(),
    };
    format!("{{{}}}", numbers.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_path_and_paths_are_left_alone() {
        assert!(find(OsStr::new("sh")).unwrap().ends_with("sh"));
        assert_eq!(find(OsStr::new("./erl")).unwrap(), Path::new("./erl"));
        let error = find(OsStr::new("no-such-erl")).unwrap_err();
        assert_eq!(error.to_string(), "no-such-erl is in no folder of PATH: install it, or say where it is");
    }

    #[test]
    fn addresses_are_erlang_tuples() {
        assert_eq!(erlang_ip(IpAddr::from([127, 0, 0, 1])), "{127,0,0,1}");
        assert_eq!(erlang_ip("::1".parse().unwrap()), "{0,0,0,0,0,0,0,1}");
    }

    #[test]
    fn an_interface_of_the_users_own_is_the_only_one() {
        let users = ["-kernel", "inet_dist_use_interface", "{0,0,0,0}"].map(OsString::from);
        let count = |all: Vec<OsString>| all.iter().filter(|argument| *argument == "inet_dist_use_interface").count();
        assert_eq!(count(arguments([127, 0, 0, 1].into(), false, &users)), 1);
        assert_eq!(count(arguments([127, 0, 0, 1].into(), false, &[])), 1);
    }
}
