//! Connections under strain: pieces of any size, peers that do not read, handlers that block, panic or never end. Each
//! on a connection that the node has made, which a thread drives, and on one that it has accepted, which is a task.

use crate::adversary;

use std::{
    io::{ErrorKind, Read, Write},
    thread,
    time::{Duration, Instant},
};

use adversary::{
    gate::Gate,
    link::{Came, Link, PATIENCE},
    scene::{Scene, Side, on_both_sides},
    stage::{HOST, quiet},
    wire::{atom, binary, call, int, payload_for, pid, ping, reg_send, tuple},
    writing::Writing,
};

on_both_sides!(
    pieces_of_any_size,
    many_frames_make_few_writes,
    what_comes_before_a_bad_length_is_answered,
    a_peer_that_does_not_read,
    a_peer_that_does_not_read_large_replies,
    replies_keep_their_order,
    panics,
    ticks_while_a_handler_blocks,
    a_silent_peer_is_given_up,
    ticks_keep_a_connection,
    replies_that_wait_for_another,
    calls_without_end,
    terms_for_typed_arguments,
);

fn pong(term: &[u8]) -> Vec<u8> {
    tuple(&[&atom("pong"), term])
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

fn next_reply(link: &mut Link) -> Vec<u8> {
    link.reply(soon()).expect("a reply")
}

/// The tick time of the nodes here whose ticks are looked at, in milliseconds: so long that no side takes the other for
/// gone when the machine is busy.
const TICK_MS: &str = "3000";
const TICK_TIME: Duration = Duration::from_millis(3000);

/// A small generator of numbers, the same in each run.
struct Numbers(u32);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % limit
    }
}

/// Frames cut anywhere, and many in one piece; each reply comes once and in its turn.
fn pieces_of_any_size(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    let mut numbers = Numbers(1);
    for largest in [1, 3, 40, 1000, 50_000] {
        let sizes: Vec<usize> = (0..100).map(|_| numbers.below(largest * 20)).collect();
        let mut stream = Vec::new();
        for (i, size) in sizes.iter().enumerate() {
            stream.extend(reg_send(&link.me, "any", &ping(&tuple(&[&int(i as i32), &binary(&vec![7; *size])]))));
            if i % 10 == 0 {
                stream.extend([0; 4]);
            }
        }
        let mut writer = link.socket.try_clone().expect("a second handle");
        let writing = thread::spawn(move || {
            let mut rest = &stream[..];
            while !rest.is_empty() {
                let (piece, left) = rest.split_at((1 + numbers.below(largest)).min(rest.len()));
                writer.write_all(piece).expect("the node reads");
                rest = left;
                if numbers.below(20) == 0 {
                    thread::sleep(Duration::from_micros(200));
                }
            }
            numbers
        });
        for (i, size) in sizes.iter().enumerate() {
            let expected = pong(&tuple(&[&int(i as i32), &binary(&vec![7; *size])]));
            assert!(next_reply(&mut link) == expected, "reply {i} of pieces up to {largest}");
        }
        numbers = writing.join().expect("the writer");
    }
    quiet(&victim.stderr()).expect("a quiet node");
}

/// A thousand messages that arrive together are answered together: whoever reads as fast as it can finds few pieces.
fn many_frames_make_few_writes(side: Side) {
    const MESSAGES: usize = 1000;
    let Scene { mut link, victim: _victim, .. } = Scene::set(side, &[]);
    let one = reg_send(&link.me, "any", &ping(&int(1)));
    let mut fewest = usize::MAX;
    let mut chunk = vec![0; 1 << 20];
    // The first round finds small buffers.
    for _ in 0..5 {
        link.answers().expect("a ping");
        link.send(&one.repeat(MESSAGES));
        let (mut reads, mut replies, mut came) = (0, 0, Vec::new());
        while replies < MESSAGES {
            let count = link.socket.read(&mut chunk).expect("replies");
            assert_ne!(count, 0, "the end after {replies} replies");
            reads += 1;
            came.extend_from_slice(&chunk[..count]);
            let mut at = 0;
            while let Some((length, rest)) = came[at..].split_first_chunk() {
                let Some(frame) = rest.get(..u32::from_be_bytes(*length) as usize) else { break };
                replies += usize::from(payload_for(frame, &link.me).is_some());
                at += 4 + frame.len();
            }
            came.drain(..at);
        }
        fewest = fewest.min(reads);
    }
    assert!(fewest <= MESSAGES / 20, "{MESSAGES} replies came in {fewest} pieces");
}

/// A frame that nobody can take ends the connection when those in front of it have been handled, also if all came at once.
fn what_comes_before_a_bad_length_is_answered(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let calls: Vec<u8> = (0..3).flat_map(|i| reg_send(&link.me, "any", &ping(&int(i)))).collect();
    link.send(&[&calls[..], &[255; 5]].concat());
    for i in 0..3 {
        assert_eq!(next_reply(&mut link), pong(&int(i)));
    }
    link.wait_closed().expect("the node closes the connection");
    victim.logs(&["WARN", "over the limit"]).expect("the log");
}

/// The node stops reading, keeps its memory, and answers everything when the peer reads at last.
fn a_peer_that_does_not_read(side: Side) {
    unread(side, 100_000, 1000, 16 * 1024);
}

fn a_peer_that_does_not_read_large_replies(side: Side) {
    unread(side, 300, 300_000, 16 * 1024);
}

fn unread(side: Side, messages: usize, size: usize, growth_kib: u64) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let before = victim.memory_kib().expect("the node runs");
    let message = move |i: usize| ping(&tuple(&[&int(i as i32), &binary(&vec![7; size])]));
    let writing = Writing::start(&link, messages, message);
    writing.stands_still();
    let during = victim.memory_kib().expect("the node runs");
    assert!(during <= before + growth_kib, "{during} KiB after {before} while the peer did not read");
    for i in 0..messages {
        let expected = pong(&tuple(&[&int(i as i32), &binary(&vec![7; size])]));
        assert!(next_reply(&mut link) == expected, "reply {i}");
    }
    writing.finish();
    link.answers().expect("a ping afterwards");
    let peak = victim.peak_kib().expect("the node runs");
    assert!(peak <= before + 2 * growth_kib, "{peak} KiB at most, {before} before");
}

/// Plain replies to one process come in the order of its messages, whatever the handlers take; others need not wait. The
/// first of them waits at a gate, which is opened when all that is later has been done.
fn replies_keep_their_order(side: Side) {
    let Scene { mut link, victim: _victim, .. } = Scene::set(side, &[]);
    let gate = Gate::new();
    let (me, other) = (link.me.clone(), pid(HOST, 43, 0, adversary::handshake::CREATION));
    let mut stream = Vec::new();
    for i in 0..20 {
        let number = int(i);
        let slow = match i % 3 {
            0 => call("wait_until", &[&gate.term(), &number]),
            _ => call("later", &[&int(10 * i), &number]),
        };
        stream.extend(reg_send(&me, "any", &slow));
        stream.extend(reg_send(&me, "any", &ping(&number)));
        stream.extend(reg_send(&me, "any", &call("no_such_function", &[])));
    }
    stream.extend(reg_send(&other, "any", &ping(&int(99))));
    // Takes longer than those above, so they are done when it is.
    stream.extend(reg_send(&other, "any", &call("later", &[&int(250), &int(99)])));
    link.send(&stream);
    let mut next = |who: &[u8]| {
        let deadline = soon();
        loop {
            if let Came::Frame(frame) = link.next(deadline).expect("a frame to one who need not wait") {
                let payload = payload_for(&frame, who).map(<[u8]>::to_vec);
                return payload.unwrap_or_else(|| panic!("a frame to somebody else: {}", frame.escape_ascii()));
            }
        }
    };
    assert_eq!(next(&other), pong(&int(99)));
    assert_eq!(next(&other), tuple(&[&atom("later"), &int(99)]));
    gate.open();
    let error = tuple(&[&atom("error"), &atom("unknown_call")]);
    for i in 0..20 {
        let (name, number) = (if i % 3 == 0 { "open" } else { "later" }, int(i));
        let replies = [next(&me), next(&me), next(&me)];
        assert_eq!(replies, [tuple(&[&atom(name), &number]), pong(&number), error.clone()], "round {i}");
    }
}

/// A panic costs its own call.
fn panics(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    let text = binary(b"on request");
    let mut stream = Vec::new();
    for i in 0..50 {
        stream.extend(reg_send(&link.me, "any", &ping(&int(i))));
        for name in ["panic", "panic_later"] {
            stream.extend(reg_send(&link.me, "any", &call(name, &[&text])));
        }
    }
    link.send(&stream);
    let error = |name: &str| {
        let text = binary(format!("{name}: on request").as_bytes());
        tuple(&[&atom("error"), &tuple(&[&atom("panic"), &text])])
    };
    for i in 0..50 {
        assert_eq!(next_reply(&mut link), pong(&int(i)));
        assert_eq!(next_reply(&mut link), error("panic"));
        assert_eq!(next_reply(&mut link), error("panic_later"));
    }
    link.answers().expect("a ping afterwards");
    if side == Side::Host {
        victim.logs(&["a handler panicked reason=\"on request\" place="]).expect("the log");
    }
}

/// The peer hears from the node while a handler takes longer than the tick time.
fn ticks_while_a_handler_blocks(side: Side) {
    const TICKS: u32 = 6;
    let Scene { mut link, victim: _victim, .. } = Scene::set(side, &[("TICK_MS", TICK_MS)]);
    let (gate, started) = (Gate::new(), Instant::now());
    link.answers().expect("a ping");
    link.call(&call("block_until", &[&gate.term()]));
    for _ in 0..TICKS {
        assert_eq!(link.next(soon()).expect("a sign of life"), Came::Tick);
    }
    no_storm(TICKS, started);
    gate.open();
    assert_eq!(next_reply(&mut link), atom("open"));
    link.answers().expect("a ping afterwards");
}

/// Ticks that were sent since `started` are a quarter of the tick time apart. The first two may look closer, when the
/// node lost its processor at the first one.
fn no_storm(ticks: u32, started: Instant) {
    let (took, least) = (started.elapsed(), TICK_TIME / 4 * ticks.saturating_sub(2));
    assert!(took >= least, "{ticks} ticks in {took:?}");
}

/// A peer from which nothing comes is given up, after the tick time and not before, and it is told nothing but ticks.
fn a_silent_peer_is_given_up(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[("TICK_MS", TICK_MS)]);
    // The last sign of life is later than this.
    let started = Instant::now();
    link.answers().expect("a ping");
    let mut ticks = 0;
    while let Ok(came) = link.next(soon()) {
        assert_eq!(came, Came::Tick);
        ticks += 1;
    }
    no_storm(ticks, started);
    let took = started.elapsed();
    // Clocks that wake somebody up may be a little early.
    assert!(took >= TICK_TIME - Duration::from_millis(50), "given up after {took:?}");
    victim.logs(&["WARN", HOST, "nothing was heard"]).expect("the log");
}

/// Ticks alone keep a connection for longer than the tick time, and answers to them make no storm.
fn ticks_keep_a_connection(side: Side) {
    // The last of them is sent after a tick time and a quarter: a peer that was not heard would be given up by then.
    const TICKS: u32 = 7;
    let started = Instant::now();
    let Scene { mut link, victim: _victim, .. } = Scene::set(side, &[("TICK_MS", TICK_MS)]);
    let mut ticks = 0;
    while ticks < TICKS {
        link.send(&[0; 4]);
        match link.next(Instant::now() + Duration::from_millis(100)) {
            Ok(Came::Tick) => ticks += 1,
            Ok(Came::Frame(frame)) => panic!("{}", frame.escape_ascii()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::TimedOut),
        }
    }
    no_storm(ticks, started);
    link.answers().expect("a ping afterwards");
}

/// Replies that are ready wait behind one that is not, and that has a bound as well.
fn replies_that_wait_for_another(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    link.answers().expect("a ping");
    let before = victim.memory_kib().expect("the node runs");
    let number = |i: usize| tuple(&[&int(i as i32), &binary(&[7; 1000])]);
    let gate = Gate::new();
    link.call(&call("wait_until", &[&gate.term(), &int(0)]));
    const MESSAGES: usize = 60_000;
    let writing = Writing::start(&link, MESSAGES, move |i| ping(&number(i)));
    writing.stands_still();
    let during = victim.memory_kib().expect("the node runs");
    assert!(during <= before + 16 * 1024, "{during} KiB after {before} while a reply was waited for");
    gate.open();
    assert_eq!(next_reply(&mut link), tuple(&[&atom("open"), &int(0)]));
    for i in 0..MESSAGES {
        assert!(next_reply(&mut link) == pong(&number(i)), "reply {i}");
    }
    writing.finish();
    link.answers().expect("a ping afterwards");
}

/// Calls that are never answered have a bound too, in number and in memory. Ticks go on.
fn calls_without_end(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[("TICK_MS", TICK_MS)]);
    link.answers().expect("a ping");
    let before = victim.memory_kib().expect("the node runs");
    let message = reg_send(&link.me, "any", &call("never", &[&binary(&[7; 100_000])]));
    let mut writer = link.socket.try_clone().expect("a second handle");
    writer.set_write_timeout(Some(Duration::from_secs(1))).expect("a time-out");
    let mut sent = 0;
    while sent < 2000 && writer.write_all(&message).is_ok() {
        sent += 1;
    }
    let during = victim.memory_kib().expect("the node runs");
    assert!(sent < 2000, "the node has taken {sent} calls of 100 kB that it cannot answer, {during} KiB");
    assert!(during <= before + 100 * 1024, "{during} KiB after {before}");
    let ticks = (0..3).filter(|_| link.next(soon()).is_ok_and(|came| came == Came::Tick)).count();
    assert_eq!(ticks, 3);
    quiet(&victim.stderr()).expect("a quiet node");
}

/// What is no value of the argument's type is refused, however deep or large it is, and the next call is answered.
fn terms_for_typed_arguments(side: Side) {
    let Scene { mut link, victim, .. } = Scene::set(side, &[]);
    let rows = adversary::terms::small().into_iter().chain(adversary::terms::large());
    for row in rows {
        for name in ["dynamic", "numbers", "nested", "text"] {
            link.call(&call(name, &[&row.term]));
            let reply = next_reply(&mut link);
            let refused = tuple(&[&atom("error"), &[104, 2]]);
            let good = reply.starts_with(&refused)
                || reply.starts_with(&[104, 2, 119, 4, b'p'])
                || matches!(reply[0], 97 | 98);
            assert!(good, "{name} of {}: {}", row.name, reply[..reply.len().min(80)].escape_ascii());
        }
        link.answers().unwrap_or_else(|error| panic!("{}: {error}; log: {}", row.name, victim.stderr()));
    }
    quiet(&victim.stderr()).expect("a quiet node");
    let peak = victim.peak_kib().expect("the node runs");
    assert!(peak <= 160 * 1024, "{peak} KiB");
}
