//! Answers of any size: they take little more memory than they have, Ctrl-C works meanwhile, `--timeout` holds, and a
//! reader that has enough is no failure.

use crate::support;

use std::{fs, io::Read as _, process::Stdio, thread, time::Duration};

use nodex_testkit::heavy;
use support::{Running, world::World};

const DEADLINE: Duration = Duration::from_secs(300);

/// So long that nobody prints it before somebody else has looked.
const BIG: &str = "60000000";

/// Bytes that are no text: each is written as a number.
fn big(world: &World, args: &[&str], to: impl Into<Stdio>) -> Running {
    world.command(&[&["rpc", "beam", "binary", "copy", "<<1>>", BIG], args].concat()).stdout(to).start()
}

/// A line of /proc/PID/status in kB; nothing once it has ended.
fn memory(running: &Running, line: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", running.pid())).ok()?;
    let line = status.lines().find_map(|status| status.strip_prefix(line))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Waits until the answer is there.
fn wait_for_answer(running: &Running) {
    while memory(running, "VmRSS:").expect("it runs") < 60_000 {
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn ctrl_c_works_at_once() {
    let _alone = heavy::alone();
    let world = World::start();
    for args in [&["--timeout", "600s"][..], &["--timeout", "600s", "--json"]] {
        // While it is made, and while nobody reads it.
        let running = big(&world, args, Stdio::null());
        wait_for_answer(&running);
        running.interrupt();
        let ended = running.end(DEADLINE);
        assert_eq!(ended.code, Some(130), "{ended}");
        assert!(ended.stderr.contains("interrupted"), "{ended}");

        let mut running = big(&world, args, Stdio::piped());
        let mut read = running.pipe();
        read.read_exact(&mut [0; 100]).expect("the beginning");
        running.interrupt();
        let ended = running.end(DEADLINE);
        assert_eq!(ended.code, Some(130), "{ended}");
        assert!(ended.stderr.contains("interrupted"), "{ended}");
    }
}

#[test]
fn the_time_limit_holds_for_printing_and_not_for_who_reads() {
    let _alone = heavy::alone();
    let world = World::start();
    for args in [&["--timeout", "3s"][..], &["--timeout", "3s", "--json"]] {
        let ended = big(&world, args, Stdio::null()).end(DEADLINE);
        assert_eq!(ended.code, Some(5), "{ended}");
        assert!(ended.stderr.contains("3s") && ended.stderr.contains("--timeout gives it more time"), "{ended}");
    }
    // A pager stands still for longer than the limit.
    let args = ["rpc", "beam", "binary", "copy", "<<1>>", "100000", "--timeout", "10s"];
    let mut running = world.command(&args).stdout(Stdio::piped()).start();
    let mut read = running.pipe();
    read.read_exact(&mut [0; 100]).expect("the beginning");
    // Longer than the time limit.
    thread::sleep(Duration::from_secs(11));
    let mut rest = String::new();
    read.read_to_string(&mut rest).expect("the rest");
    assert!(rest.ends_with(", 1>>\n") && rest.len() > 290_000, "{}", rest.len());
    let ended = running.end(DEADLINE);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
}

#[test]
fn a_reader_that_has_enough() {
    let _alone = heavy::alone();
    let world = World::start();
    for args in [&["--timeout", "600s"][..], &["--timeout", "600s", "--json"]] {
        let mut running = big(&world, args, Stdio::piped());
        let mut read = running.pipe();
        read.read_exact(&mut [0; 100]).expect("the beginning");
        drop(read);
        let ended = running.end(DEADLINE);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""), "{ended}");
    }
}

/// A large binary, and a list that is no dynamic term any more.
#[test]
fn memory_stays_near_the_answer() {
    let _alone = heavy::alone();
    let world = World::start();
    // The messages have 6 MB and 7.5 MB.
    let cases = [["binary", "copy", "<<1>>", "6000000"], ["lists", "duplicate", "2500000", "a"]];
    for case in cases {
        for json in [&[][..], &["--json"]] {
            let args = if case[0] == "lists" {
                vec!["rpc", "beam", "lists", "duplicate", case[2], case[3]]
            } else {
                [&["rpc", "beam"], &case[..]].concat()
            };
            let running =
                world.command(&[&args[..], &["--timeout", "600s"], json].concat()).stdout(Stdio::null()).start();
            let mut peak = 0;
            while let Some(now) = memory(&running, "VmHWM:") {
                peak = peak.max(now);
                thread::sleep(Duration::from_millis(5));
            }
            let ended = running.end(DEADLINE);
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{case:?} {ended}");
            // What a program has anyway, and what the decoder of dynamic terms may take before it gives up.
            assert!((8_000..180_000).contains(&peak), "{case:?} {json:?}: {peak} kB");
        }
    }
}
