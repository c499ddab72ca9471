//! A machine that is out of something, and clocks that jump.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use crate::adversary::{
    entrances::{HEALTHY, Healthy},
    link::{Came, PATIENCE},
    scene::{Scene, Side},
    stage::{modest, quiet},
    wire::{atom, tuple},
};
use nodex_testkit::executable::target;

/// Nothing can be written to the log any more. The node continues without it.
#[test]
fn the_disk_is_full_for_the_log() {
    let scene = Scene::through(&["sh", "-c", "exec \"$@\" 2>/dev/full", "sh"], &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    for _ in 0..20 {
        // Each is worth a line.
        let mut guest = scene.peer("guest@127.0.0.1");
        guest.send(&[255; 5]);
        guest.wait_closed().expect("the node closes the connection");
    }
    println!("{}", healthy.stop());
    modest(&scene.victim).expect("little memory");
    assert_eq!(scene.victim.stderr(), "", "the log went somewhere else");
}

/// No connection can be accepted any more. Those that are there are served, the log says what is missing, and when there
/// are descriptors again, peers get in.
#[test]
fn no_descriptors_are_left() {
    let scene = Scene::through(&["prlimit", "--nofile=32:32"], &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    let crowd: Vec<_> = (0..100).map(|_| scene.socket()).collect();
    scene.victim.logs(&["a connection could not be accepted", "Too many open files"]).expect("the log");
    drop(crowd);
    scene.peer("late@127.0.0.1").answers().expect("a ping of the late peer");
    println!("{}", healthy.stop());
    quiet(&scene.victim.stderr()).expect("a quiet node");
}

/// The system's clock is set, years ahead and years back. Nothing here goes by it: ticks and deadlines do not notice.
#[test]
fn the_clock_jumps() {
    const TICK_TIME: Duration = Duration::from_millis(3000);
    let folder = target().join("tmp").join(format!("clock-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("now");
    let set = |offset: &str| {
        // In one step: a clock that cannot be read is no clock.
        let next = folder.join("next");
        fs::write(&next, offset).expect("a file");
        fs::rename(&next, &file).expect("a file");
    };
    set("+0");
    let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
        .map(|folder| Path::new(folder).join("faketime/libfaketimeMT.so.1"))
        .into_iter()
        .find(|library| library.is_file())
        .expect("libfaketime is installed (Debian: faketime)");
    let environment = [
        ("LD_PRELOAD", library.to_str().expect("a path")),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().expect("a path")),
        ("FAKETIME_NO_CACHE", "1"),
        // Setting the system's clock does not move the monotonic one.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("TICK_MS", "3000"),
    ];
    let Scene { mut link, victim, .. } = Scene::set(Side::Peer, &environment);
    let year = 365 * 24 * 3600;
    for (offset, years) in [("+10y", 10i64), ("-10y", -10), ("+0", 0), ("+40y", 40)] {
        set(offset);
        link.call(&tuple(&[&atom("clock")]));
        let reply = link.reply(Instant::now() + PATIENCE).expect("the time");
        let real = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs() as i64;
        let off = seconds(&reply) - real;
        assert!((off - years * year).abs() < year, "the clock is off by {off} s, {offset} was set");
        // Ticks as ever: one about every quarter of the tick time, as long as nothing else is said.
        let (started, mut ticks) = (Instant::now(), 0);
        link.answers().expect("a ping");
        while ticks < 3 {
            match link.next(Instant::now() + PATIENCE) {
                Ok(Came::Tick) => ticks += 1,
                Ok(Came::Frame(frame)) => panic!("a frame for nothing: {}", frame.escape_ascii()),
                Err(error) => panic!("no tick: {error}; {}", victim.stderr()),
            }
            // This side lives as well.
            link.send(&[0; 4]);
        }
        // The first two may look closer, when the node lost its processor at the first one.
        assert!(started.elapsed() >= TICK_TIME / 4, "{ticks} ticks in {:?}", started.elapsed());
    }
    quiet(&victim.stderr()).expect("a quiet node");
    // A silent peer counts as lost, as always.
    let silent = Instant::now();
    link.answers().expect("a ping");
    link.wait_closed().expect("a silent peer is given up");
    // Clocks that wake somebody up may be a little early.
    assert!(silent.elapsed() >= TICK_TIME - Duration::from_millis(50), "given up after {:?}", silent.elapsed());
    fs::remove_dir_all(&folder).expect("the folder");
}

/// The integer in a reply.
fn seconds(reply: &[u8]) -> i64 {
    match reply {
        [98, bytes @ ..] if bytes.len() == 4 => i32::from_be_bytes(bytes.try_into().expect("four bytes")).into(),
        // Positive, little end first.
        [110, length, 0, bytes @ ..] if usize::from(*length) == bytes.len() => {
            bytes.iter().rev().fold(0, |value, byte| value << 8 | i64::from(*byte))
        }
        _ => panic!("no integer: {}", reply.escape_ascii()),
    }
}
