//! Tests of handling, waiting and writing.

use super::{super::BATCH, *};

/// Both sides until nothing moves any more.
fn exchange(one: &mut Side, other: &mut Side, piece: usize) {
    loop {
        let before = (one.wire.written.get(), other.wire.written.get());
        one.run(&other.wire, piece).unwrap();
        other.run(&one.wire, piece).unwrap();
        one.wire.flush();
        let moved = before != (one.wire.written.get(), other.wire.written.get());
        let is_done = |side: &Side| side.inbox.is_done() && side.wire.waiting() + side.wire.bytes.borrow().len() == 0;
        if !moved && is_done(one) && is_done(other) {
            return;
        }
    }
}

#[test]
fn messages_come_back_whole_and_in_order_in_pieces_of_any_size() {
    let lengths = [1, 2, 3, 300, 7, 252, 5000, 1, 70_000, 256];
    let frames: Vec<_> = lengths.iter().enumerate().map(|(i, &length)| frame(i, length)).collect();
    for (piece, capacity, shared) in [
        (1, 3, false),
        (2, usize::MAX, true),
        (3, 1000, false),
        (255, 4096, true),
        (4096, usize::MAX, false),
        (usize::MAX, 100_000, true),
    ] {
        let (mut here, mut there, _) = pair(LinkLimits::default());
        for side in [&mut here, &mut there] {
            side.wire.capacity.set(capacity);
            side.peer().shared = shared;
        }
        there.peer().echoes = true;
        frames.iter().for_each(|frame| here.wire.send(frame));
        exchange(&mut here, &mut there, piece);
        assert!(there.peer().frames == frames && here.peer().frames == frames, "{piece} {capacity}");
        assert_eq!(here.wire.waiting() + there.wire.waiting(), 0);
    }
}

#[test]
fn replies_of_one_read_are_one_write() {
    let (here, mut there, _) = pair(LinkLimits::default());
    there.peer().echoes = true;
    (0..30).for_each(|number| here.wire.send(&frame(number, 20)));
    // Without any room, output that is written at once stays in one piece.
    there.wire.capacity.set(0);
    there.run(&here.wire, usize::MAX).unwrap();
    assert_eq!((there.peer().frames.len(), there.wire.waiting()), (30, 30 * 24));
}

#[test]
fn output_that_nobody_reads_is_bounded_and_all_is_answered_when_it_is_read() {
    const COUNT: usize = 3000;
    let limits = LinkLimits { max_waiting: 100_000, ..LinkLimits::default() };
    let (mut here, mut there, _) = pair(limits);
    there.peer().echoes = true;
    there.wire.capacity.set(1000);
    (0..COUNT).for_each(|number| here.wire.send(&frame(number, 1000)));
    for _ in 0..10 {
        there.run(&here.wire, usize::MAX).unwrap();
        // The replies at hand are written before the check of the waiting output.
        assert!(there.wire.waiting() < limits.max_waiting + BATCH + 2 * 1004, "{}", there.wire.waiting());
        assert!(there.channel.is_congested() && there.wire.stalled.get());
    }
    assert!(there.peer().frames.len() < COUNT / 2);
    exchange(&mut here, &mut there, usize::MAX);
    assert_eq!((there.peer().frames.len(), here.peer().frames.len()), (COUNT, COUNT));
    assert!(there.channel.is_reading() && !there.wire.stalled.get());
}

#[test]
fn what_is_sent_of_its_own_accord_does_not_stop_reading() {
    let limits = LinkLimits { max_waiting: 1000, ..LinkLimits::default() };
    let (here, mut there, _) = pair(limits);
    there.wire.capacity.set(0);
    (0..10).for_each(|number| there.wire.send(&frame(number, 1000)));
    here.wire.send(&frame(1, 10));
    there.run(&here.wire, usize::MAX).unwrap();
    assert_eq!((there.peer().frames.len(), there.wire.waiting()), (1, 10 * 1004));
    assert!(there.channel.is_reading());
}

#[test]
fn reading_stops_while_too_many_calls_wait() {
    for limits in [
        LinkLimits { max_in_flight: 50, ..LinkLimits::default() },
        LinkLimits { max_in_flight_bytes: 50 * 100 - 1, ..LinkLimits::default() },
    ] {
        let (mut here, mut there, _) = pair(limits);
        there.peer().keeps = true;
        (0..200).for_each(|number| here.wire.send(&frame(number, 100)));
        there.run(&here.wire, usize::MAX).unwrap();
        assert_eq!((there.peer().waiting.len(), there.wire.written.get()), (50, 0));
        assert!(!there.channel.is_reading());
        there.peer().ready = true;
        exchange(&mut here, &mut there, usize::MAX);
        assert_eq!((there.peer().frames.len(), here.peer().frames.len()), (200, 200));
    }
}

#[test]
fn who_shares_a_thread_takes_turns() {
    let (here, mut there, _) = pair(LinkLimits::default());
    (there.peer().shared, there.peer().echoes) = (true, true);
    (0..1000).for_each(|number| here.wire.send(&frame(number, 100)));
    let mut turns = 0;
    while there.peer().frames.len() < 1000 {
        let before = there.peer().frames.len();
        there.run(&here.wire, usize::MAX).unwrap();
        assert!((1..=64).contains(&(there.peer().frames.len() - before)));
        turns += 1;
    }
    assert!(turns >= 20, "{turns}");
}

#[test]
fn a_frame_over_the_limit_is_skipped_and_its_head_kept() {
    let long = frame(2, 100_000);
    let frames = [frame(1, 20), long.clone(), frame(3, 20), frame(4, 300)];
    for piece in [1, 7, 8192, usize::MAX] {
        let (here, mut there, _) = pair(LinkLimits { max_frame: 200, ..LinkLimits::default() });
        frames.iter().for_each(|frame| here.wire.send(frame));
        here.wire.tick();
        there.run(&here.wire, piece).unwrap();
        assert_eq!(there.peer().frames, [frame(1, 20), frame(3, 20)]);
        let [(first, length), (second, 300)] = &there.peer().too_long[..] else { panic!("two are too long") };
        assert_eq!((*length, second), (100_000, &frames[3]));
        assert!((4096..20_000).contains(&first.len()) && long.starts_with(first), "{}", first.len());
        assert_eq!(there.peer().ticks, 1, "what follows is found");
    }
}

#[test]
fn what_comes_before_a_breach_is_handled_and_answered() {
    let breaches: [(&[u8], LinkEnd); 2] = [
        (b"\0\0\0\x06breach", ProtocolError::ToOtherNode.into()),
        (b"GET / HTTP/1.1", LinkEnd::FrameTooLong { length: u32::from_be_bytes(*b"GET ").into(), limit: 0 }),
    ];
    for (breach, end) in breaches {
        for piece in [1, 30, usize::MAX] {
            let (mut here, mut there, _) = pair(LinkLimits::default());
            there.peer().echoes = true;
            (0..5).for_each(|number| here.wire.send(&frame(number, 20)));
            here.wire.bytes.borrow_mut().extend(breach);
            here.wire.send(&frame(9, 20));
            assert_eq!(there.run(&here.wire, piece), Err(end.clone()), "in pieces of {piece}");
            assert_eq!(there.peer().frames.len(), 5);
            here.run(&there.wire, piece).unwrap();
            assert_eq!(here.peer().frames.len(), 5, "all are answered");
        }
    }
}
