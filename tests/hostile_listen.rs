//! Hostile peers of a node that listens, while another peer continues its calls.

use crate::adversary;

use std::{
    fs,
    io::{Read, Write},
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use adversary::{
    entrances::{self, Entrance, HEALTHY, Healthy, wait_closed},
    flood::Flood,
    fragments, frames,
    handshake::{self, CREATION, FLAGS, receive, reply, send},
    link::{Link, PATIENCE},
    scene::{Scene, Side},
    stage::{COOKIE, HOST, Must, in_parallel, modest, quiet},
};

#[test]
fn without_the_cookie() {
    enter(entrances::uninvited(), false);
}

#[test]
fn with_the_cookie() {
    enter(entrances::invited(), false);
}

#[test]
fn slowly() {
    enter(entrances::slow(), true);
}

/// What the node finds out by the deadline for handshakes is in its log as such, and only `slow` ones may come to that.
fn enter(entrances: Vec<Entrance>, slow: bool) {
    let scene = Scene::set(Side::Peer, &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    in_parallel(&entrances, |entrance| {
        if let Some(socket) = (entrance.act)(scene.socket()).map_err(|error| error.to_string())? {
            wait_closed(socket, PATIENCE).map_err(|error| format!("it is not closed: {error}"))?;
        }
        entrance.says.map_or(Ok(()), |words| scene.victim.logs(&[words]))
    });
    println!("{} entrances; {}", entrances.len(), healthy.stop());
    modest(&scene.victim).expect("little memory");
    let log = scene.victim.stderr();
    quiet(&log).expect("a quiet node");
    assert_eq!(log.contains("not complete within"), slow, "{log}");
}

/// `bad_dist_*` of OTP's `distribution_SUITE` with us as the victim: the connection on which the rules are broken ends, with
/// a line in the log that names the peer and the cause, and nobody else notices.
#[test]
fn who_breaks_the_rules_harms_nobody_else() {
    let scene = Scene::set(Side::Peer, &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    let attacks = [frames::shapes(), frames::operations_gone_wrong(), frames::senders_and_receivers()];
    for attack in attacks.into_iter().flatten() {
        let logged = scene.victim.stderr().len();
        let mut link = scene.peer(HOST);
        let mut check = || -> Result<(), String> {
            (attack.act)(&mut link, &scene.victim)?;
            match attack.must {
                Must::Stay => link.answers().map(drop).map_err(|error| error.to_string()),
                Must::Drop(words) => {
                    link.answers().map_err(|error| error.to_string())?;
                    scene.victim.logs_after(logged, &[HOST, words])
                }
                Must::Close(words) => {
                    link.wait_closed().map_err(|error| error.to_string())?;
                    scene.victim.logs_after(logged, &[HOST, words])
                }
            }
        };
        let result = check();
        result.unwrap_or_else(|problem| panic!("{}: {problem}", attack.name));
    }
    healthy.stop();
    quiet(&scene.victim.stderr()).expect("a quiet node");
}

/// The same of peers that have agreed on fragments.
#[test]
fn who_breaks_the_rules_of_fragments_harms_nobody_else() {
    let scene = Scene::set(Side::Peer, &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    for breach in fragments::breaches() {
        let logged = scene.victim.stderr().len();
        let mut socket = in_fragments(&scene, HOST);
        // The node may close in the middle of it.
        let _ = socket.write_all(&breach.bytes);
        let closed = wait_closed(socket, PATIENCE).map_err(|error| format!("it is not closed: {error}"));
        let told = closed.and_then(|()| scene.victim.logs_after(logged, &[HOST, breach.says]));
        told.unwrap_or_else(|problem| panic!("{}: {problem}", breach.name));
    }
    println!("{}", healthy.stop());
    modest(&scene.victim).expect("little memory");
    quiet(&scene.victim.stderr()).expect("a quiet node");
}

/// A peer announces a million fragments, of thousands of messages, and sends no more than the beginning of each: they take
/// no more memory than what has come, and none when it has gone.
#[test]
fn what_is_announced_in_fragments_takes_no_memory() {
    let scene = Scene::set(Side::Peer, &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    let before = scene.victim.memory_kib().expect("the node runs");
    let (control, payload) = fragments::question(HOST);
    let start = [&control[..], &payload[..2]].concat();
    for _ in 0..3 {
        let mut socket = in_fragments(&scene, HOST);
        let begun: Vec<u8> =
            (1..=8000).flat_map(|sequence| fragments::fragment(true, sequence, 1_000_000, &start)).collect();
        socket.write_all(&begun).expect("the node reads");
        // It has read all of it when it answers what comes behind.
        socket.write_all(&fragments::whole(&control, &payload)).expect("the node reads");
        let mut answer = [0; 7];
        socket.read_exact(&mut answer).expect("an answer");
        assert_eq!(answer[4..], [131, 68, 0]);
    }
    let after = scene.victim.peak_kib().expect("the node runs");
    println!("{after} KiB at most, {before} before; {}", healthy.stop());
    assert!(after <= before + 16 * 1024, "{after} KiB, {before} before");
}

/// A connection on which fragments were agreed on.
fn in_fragments(scene: &Scene, name: &str) -> std::net::TcpStream {
    let mut socket = scene.socket();
    let flags = FLAGS | handshake::FRAGMENTS;
    handshake::connect_with(flags, Duration::ZERO, &mut socket, name, COOKIE).expect("the handshake");
    socket
}

/// All places for handshakes are taken by peers that say nothing, over and over: who knows the cookie gets in. With few
/// descriptors there are few places.
#[test]
fn a_crowd_at_the_door() {
    const DESCRIPTORS: usize = 200;
    let scene = Scene::through(&["prlimit", &format!("--nofile={DESCRIPTORS}"), "--"], &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    let before = descriptors(&scene);
    let crowd: Vec<_> = (0..300).map(|_| scene.socket()).collect();
    let started = Instant::now();
    let mut late = scene.peer("late@127.0.0.1");
    late.answers().expect("a ping of the late peer");
    println!("let in and answered within {:?}", started.elapsed());
    let during = descriptors(&scene);
    assert!(during <= before + DESCRIPTORS / 2 + 6, "{during} descriptors, {before} before");
    drop(crowd);
    println!("{}", healthy.stop());
    scene.victim.logs(&["127.0.0.1", "a handshake was ended before its time"]).expect("the log");
}

/// A stranger connects 1,500 times a second, as fast as anybody can be sure of, and keeps every connection as long as it is
/// let. Peers that know the cookie get in meanwhile, over a line with a round trip of 300 ms, from another address than the
/// stranger's and from its own.
#[test]
fn a_flood_at_the_door() {
    const ROUND_TRIP: Duration = Duration::from_millis(300);
    let (own, another) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2));
    for (from, says_name) in [(another, true), (own, true), (own, false)] {
        let scene = Scene::set(Side::Peer, &[]);
        let healthy = Healthy::start(scene.peer(HEALTHY));
        let flood = Flood::start(from, scene.port(), says_name);
        // All places are taken from then on.
        flood.wait_for(2100);
        for number in 0..3 {
            let name = format!("far{number}@127.0.0.1");
            let mut socket = scene.socket();
            let result = handshake::connect_over(ROUND_TRIP, &mut socket, &name, COOKIE);
            result.unwrap_or_else(|error| panic!("{name}, flood from {from}: {error}"));
            Link::new(socket, &name).answers().expect("a ping of the far peer");
        }
        let memory = scene.victim.peak_kib().expect("the node runs");
        println!("{} connections from {from}, {memory} KiB at most; {}", flood.stop(), healthy.stop());
        modest(&scene.victim).expect("little memory");
    }
}

/// What a stranger says before it has proven anything takes no more memory than a handshake needs.
#[test]
fn a_crowd_that_talks() {
    let scene = Scene::set(Side::Peer, &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    let before = scene.victim.memory_kib().expect("the node runs");
    // Each announces the longest message there is, and sends all of it but the last byte.
    let message = [&[0xFF, 0xFF, b'N'][..], &[b'x'; 65_533]].concat();
    let mut crowd: Vec<_> = (0..600).map(|_| scene.socket()).collect();
    for socket in &mut crowd {
        // The node may close in the middle of it.
        let _ = socket.write_all(&message);
    }
    scene.peer("late@127.0.0.1").answers().expect("a ping of the late peer");
    let after = scene.victim.peak_kib().expect("the node runs");
    println!("{after} KiB at most, {before} before; {}", healthy.stop());
    assert!(after <= before + 16 * 1024, "{after} KiB, {before} before");
}

/// A connection that has nothing to say takes less than 16 KiB.
#[test]
fn many_idle_connections() {
    const MANY: u64 = 500;
    let scene = Scene::set(Side::Peer, &[]);
    let connect = |number| {
        let mut link = scene.peer(&format!("idle{number}@127.0.0.1"));
        link.answers().expect("a ping");
        link
    };
    // What the first ones make room for is there for all.
    let mut links: Vec<_> = (0..50).map(connect).collect();
    let before = scene.victim.memory_kib().expect("the node runs");
    links.extend((0..MANY).map(|number| connect(50 + number)));
    let after = scene.victim.memory_kib().expect("the node runs");
    let each = after.saturating_sub(before) * 1024 / MANY;
    println!("{each} bytes for each connection; {after} KiB, {before} before");
    assert!(each < 16 * 1024, "{each} bytes for each");
    for link in &mut links {
        link.answers().expect("a ping of each");
    }
}

/// Connections that come and go leave nothing behind.
#[test]
fn comings_and_goings() {
    let scene = Scene::set(Side::Peer, &[]);
    let healthy = Healthy::start(scene.peer(HEALTHY));
    for _ in 0..3 {
        scene.peer("guest@127.0.0.1").answers().expect("a ping");
    }
    let (memory, before) = (scene.victim.memory_kib().expect("the node runs"), descriptors(&scene));
    for i in 0..300 {
        let mut guest = scene.peer(&format!("guest{}@127.0.0.1", i % 7));
        if i % 3 == 0 {
            guest.answers().expect("a ping");
        }
        if i % 2 == 0 {
            guest.reset();
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while descriptors(&scene) > before && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(descriptors(&scene) <= before, "{} descriptors, {before} before", descriptors(&scene));
    let after = scene.victim.memory_kib().expect("the node runs");
    assert!(after <= memory + 4096, "{after} KiB, {memory} before");
    healthy.stop();
}

fn descriptors(scene: &Scene) -> usize {
    let folder = format!("/proc/{}/fd", scene.victim.id());
    fs::read_dir(folder).expect("the node runs").count()
}

/// Who comes back under its name takes the place of its old connection, over and over.
#[test]
fn the_same_name_again() {
    let scene = Scene::set(Side::Peer, &[]);
    let mut last = scene.peer("again@127.0.0.1");
    for _ in 0..30 {
        let mut next = scene.peer("again@127.0.0.1");
        last.wait_closed().expect("the old connection is closed");
        next.answers().expect("a ping on the new one");
        last = next;
    }
    quiet(&scene.victim.stderr()).expect("a quiet node");
}

/// An answer that was valid once is of no use to an attacker that has recorded it.
#[test]
fn a_replayed_answer() {
    let scene = Scene::set(Side::Peer, &[]);
    let name = handshake::name(FLAGS, CREATION, b"eve@127.0.0.1");
    let mut overheard = Vec::new();
    for round in 0..3 {
        let mut socket = scene.socket();
        send(&mut socket, &name).expect("the node listens");
        assert_eq!(receive(&mut socket).expect("a status"), b"sok");
        let challenge = receive(&mut socket).expect("a challenge");
        let number = challenge[9..].first_chunk().map(|number| u32::from_be_bytes(*number)).expect("a challenge");
        if round == 0 {
            overheard = reply(9, &handshake::digest(COOKIE, number));
            send(&mut socket, &overheard).expect("the node listens");
            assert_eq!(receive(&mut socket).expect("an acknowledgement")[0], b'a');
            drop(socket);
            scene.victim.logs(&["eve@127.0.0.1", "the peer closed"]).expect("the log");
        } else {
            send(&mut socket, &overheard).expect("the node listens");
            wait_closed(socket, PATIENCE).expect("refused");
        }
    }
    scene.victim.logs(&["eve@127.0.0.1 does not know our cookie"]).expect("the log");
}
