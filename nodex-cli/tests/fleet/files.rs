//! Files and folders of a fleet that somebody has put something in the way of: nothing is written through it.

use crate::support;

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink},
        net::UnixListener,
    },
    path::Path,
    time::Duration,
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    process::geteuid,
};
use support::fleet::{Fleet, rust};

const LONG: Duration = Duration::from_secs(60);

/// Somebody who is not the superuser.
const SOMEBODY: u32 = 12_345;

fn with_logs() -> Fleet {
    Fleet::new(&format!("[host]\nepmd = \"private\"\nlog_dir = \"log\"\n{}", rust("calc")))
}

/// What its socket and its lock are called.
fn names(fleet: &Fleet) -> (String, String) {
    let path = fs::canonicalize(fleet.folder.join("nodex.toml")).expect("the fleet file");
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    let id = path.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, hash);
    (format!("{id:016x}.sock"), format!("{id:016x}.lock"))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// Only the superuser can give files to others.
fn give_away(path: &Path) {
    assert!(geteuid().is_root(), "this test makes files of another user, and has to be run by root");
    lchown(path, Some(SOMEBODY), Some(SOMEBODY)).expect("a file to give away");
}

/// `nodex up` says why it cannot log, and starts nothing.
fn is_refused(fleet: &Fleet, why: &str) {
    let ended = fleet.run(&["up"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(ended.stderr.contains(&format!("log: {why}\n")), "{why:?} is missing\n{ended}");
    assert!(!ended.stdout.contains("is being started"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn logs_are_for_their_owner_alone() {
    let fleet = with_logs();
    let up = fleet.up();
    let log = fleet.folder.join("log/calc.log");
    assert_eq!((mode(&log), mode(&fleet.folder.join("log"))), (0o600, 0o700));
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    let lines = fs::read_to_string(&log).expect("the log");
    assert!(lines.contains(" event has been stopped\n"), "{lines}");
    // It goes on with what is there, and its owner may have let others read it.
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).expect("a mode");
    let up = fleet.up();
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
    assert!(fs::read_to_string(&log).expect("the log").starts_with(&lines));
    assert_eq!(mode(&log), 0o644);
}

#[test]
fn a_log_is_no_link_no_pipe_and_no_other_file() {
    let fleet = with_logs();
    let (precious, folder) = (fleet.write("precious", "precious"), fleet.folder.join("log"));
    fs::create_dir(&folder).expect("a folder");
    let log = folder.join("calc.log");
    symlink("../precious", &log).expect("a link");
    is_refused(&fleet, "calc.log is a link");
    fs::remove_file(&log).expect("the link");
    symlink("nowhere", &log).expect("a link");
    is_refused(&fleet, "calc.log is a link");
    fs::remove_file(&log).expect("the link");
    fs::hard_link(&precious, &log).expect("a second name");
    is_refused(&fleet, "calc.log has another name elsewhere");
    fs::remove_file(&log).expect("the second name");
    mknodat(CWD, &log, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    is_refused(&fleet, "calc.log is no regular file");
    fs::remove_file(&log).expect("the pipe");
    fs::write(&log, "").expect("a file");
    give_away(&log);
    is_refused(&fleet, &format!("calc.log belongs to the user {SOMEBODY}"));
    assert_eq!(fs::read_to_string(&precious).expect("the file"), "precious");
    assert!(!folder.join("nowhere").exists());
}

/// The log of what is about no node is opened when there is something to tell.
#[test]
fn the_log_of_all_of_them_is_no_link_either() {
    let fleet = with_logs();
    let precious = fleet.write("precious", "precious");
    fs::create_dir(fleet.folder.join("log")).expect("a folder");
    symlink("../precious", fleet.folder.join("log/fleet.events.log")).expect("a link");
    is_refused(&fleet, "fleet.events.log is a link");
    assert_eq!(fs::read_to_string(&precious).expect("the file"), "precious");
}

#[test]
fn a_folder_of_logs_may_be_a_link_of_its_owner_only() {
    let fleet = with_logs();
    let (real, link) = (fleet.folder.join("real"), fleet.folder.join("log"));
    fs::create_dir(&real).expect("a folder");
    symlink("real", &link).expect("a link");
    let up = fleet.up();
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
    assert!(real.join("calc.log").exists());
    give_away(&link);
    is_refused(&fleet, &format!("{} is a link of the user {SOMEBODY}", link.display()));
}

/// The superuser does not put a socket into a folder of somebody else, and is not kept from his fleet by it.
#[test]
fn a_foreign_folder_for_the_socket_is_not_used() {
    let fleet = Fleet::new(&format!("[host]\nepmd = \"private\"\n{}", rust("calc")));
    let runtime = fleet.folder.join("runtime");
    let foreign = runtime.join("nodex");
    fs::create_dir_all(&foreign).expect("a folder");
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o700)).expect("a mode");
    give_away(&foreign);
    let in_runtime = |args: &[&str]| fleet.nodex(args).env("XDG_RUNTIME_DIR", runtime.to_str().expect("UTF-8"));

    let up = in_runtime(&["up"]).start();
    up.wait_for_stderr("the node is up\n");
    assert_eq!(fs::read_dir(&foreign).expect("the folder").count(), 0);
    assert!(fleet.folder.join(".nodex").exists());
    let ended = in_runtime(&["ps"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    // Nor is he told another fleet there than his own, or that his is up already.
    let (socket, lock) = names(&fleet);
    let forged = UnixListener::bind(foreign.join(&socket)).expect("a socket");
    forged.set_nonblocking(true).expect("a mode");
    mknodat(CWD, foreign.join(&lock), FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
    let ended = in_runtime(&["ps"]).run();
    assert!(ended.code == Some(0) && ended.stdout.contains("calc"), "{ended}");
    assert!(forged.accept().is_err(), "nobody asked there");
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
    let up = in_runtime(&["up"]).start();
    up.wait_for_stderr("the node is up\n");
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
}

/// Under sudo it may be that of whoever calls it.
#[test]
fn a_runtime_folder_of_somebody_else_is_not_used() {
    let fleet = Fleet::new(&format!("[host]\nepmd = \"private\"\n{}", rust("calc")));
    let runtime = fleet.folder.join("runtime");
    fs::create_dir(&runtime).expect("a folder");
    give_away(&runtime);
    let up = fleet.nodex(&["up"]).env("XDG_RUNTIME_DIR", runtime.to_str().expect("UTF-8")).start();
    up.wait_for_stderr("the node is up\n");
    assert_eq!(fs::read_dir(&runtime).expect("the folder").count(), 0);
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
}

/// What somebody put into the folder while it was open to all.
#[test]
fn a_lock_is_no_other_file() {
    let fleet = Fleet::new(&format!("[host]\nepmd = \"private\"\n{}", rust("calc")));
    let precious = fleet.write("precious", "precious");
    let folder = fleet.folder.join(".nodex");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    let (_, lock) = names(&fleet);
    let place = folder.join(&lock);
    let ways: [(&str, &dyn Fn()); 3] = [
        ("has another name elsewhere", &|| fs::hard_link(&precious, &place).expect("a second name")),
        ("is a link", &|| symlink("../precious", &place).expect("a link")),
        ("is no regular file", &|| mknodat(CWD, &place, FileType::Fifo, Mode::RUSR, 0).expect("a pipe")),
    ];
    for (why, put) in ways {
        put();
        let ended = fleet.run(&["up"]);
        assert_eq!(ended.code, Some(4), "{ended}");
        assert!(ended.stderr.contains(&format!("{lock} {why}\n")), "{why:?} is missing\n{ended}");
        ended.left_nothing();
        fs::remove_file(&place).expect("what was in its place");
    }
    assert_eq!(fs::read_to_string(&precious).expect("the file"), "precious");
}

/// The superuser looks after the fleets of others, and is told whose it is.
#[test]
fn root_is_told_whose_fleet_it_is() {
    let fleet = Fleet::new(&format!("[host]\nepmd = \"private\"\n{}", rust("calc")));
    let up = fleet.up();
    let folder = fleet.folder.join(".nodex");
    let ended = fleet.run(&["ps"]);
    assert!(!ended.stderr.contains("of the user"), "{ended}");
    // Who answers is still the superuser.
    chown(&folder, Some(SOMEBODY), None).expect("a folder to give away");
    let ended = fleet.run(&["ps"]);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains(&format!("the fleet of nodex.toml is that of the user {SOMEBODY}\n")), "{ended}");
    chown(&folder, Some(geteuid().as_raw()), None).expect("a folder to take back");
    assert_eq!(fs::metadata(&folder).expect("the folder").uid(), geteuid().as_raw());
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
}
