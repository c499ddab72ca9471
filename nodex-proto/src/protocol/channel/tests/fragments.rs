//! Tests of messages in fragments: reassembly, breaches of the protocol, and messages that are too long.

use std::num::NonZeroU64;

use super::*;
use crate::protocol::control::{self, FRAGMENT_DATA, fragment_head};

/// `{22, <a@h.1.0>, <b@h.2.0>}`, and a control message without payload.
const SEND: &[u8] =
    b"\x68\x03\x61\x16\x58\x77\x03a@h\0\0\0\x01\0\0\0\0\0\0\0\x07\x58\x77\x03b@h\0\0\0\x02\0\0\0\0\0\0\0\x08";
const LINK: &[u8] =
    b"\x68\x03\x61\x01\x58\x77\x03a@h\0\0\0\x01\0\0\0\0\0\0\0\x07\x58\x77\x03b@h\0\0\0\x02\0\0\0\0\0\0\0\x08";

/// The fragments of this message, without their lengths, cut at these places.
fn fragments(sequence: u64, message: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let ends = cuts.iter().copied().chain([message.len()]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let last = cuts.len() as u64 + 1;
    let fragment = |(number, (start, end)): (u64, (usize, usize))| {
        by_hand(number == 0, sequence, last - number, &message[start..end])
    };
    (0..).zip(starts.zip(ends)).map(fragment).collect()
}

/// A fragment with numbers that need not be allowed.
fn by_hand(first: bool, sequence: u64, number: u64, data: &[u8]) -> Vec<u8> {
    let (mut head, length) = fragment_head(first, NonZeroU64::MIN, NonZeroU64::MIN, data.len());
    head[6..14].copy_from_slice(&sequence.to_be_bytes());
    head[14..22].copy_from_slice(&number.to_be_bytes());
    [&head[4..length], data].concat()
}

fn whole(message: &[u8]) -> Vec<u8> {
    [FrameForm::Header.start(), message].concat()
}

/// What a node makes of these frames.
fn taken(frames: &[Vec<u8>], limits: LinkLimits) -> (Result<(), LinkEnd>, Peer) {
    let (here, mut there, _) = pair_in(FrameForm::Header, limits);
    frames
        .iter()
        .for_each(|frame| here.wire.bytes.borrow_mut().extend((frame.len() as u32).to_be_bytes().iter().chain(frame)));
    let end = there.run(&here.wire, usize::MAX);
    let peer = std::mem::take(there.peer());
    (end, peer)
}

fn message(length: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..length).map(|at| (at % 251) as u8 | 1).collect();
    [SEND, &payload].concat()
}

#[test]
fn what_is_cut_anywhere_behind_the_control_message_is_put_together() {
    let message = message(300);
    for cuts in [
        vec![],
        vec![SEND.len()],
        vec![SEND.len() + 1, SEND.len() + 1, SEND.len() + 7],
        (SEND.len()..message.len()).collect(),
        vec![100, message.len()],
    ] {
        let (end, peer) = taken(&fragments(9, &message, &cuts), LinkLimits::default());
        assert_eq!((end, peer.frames), (Ok(()), vec![whole(&message)]), "{cuts:?}");
    }
    // One fragment is allowed for a sequence with the number 0, and for a message without payload.
    for (sequence, message) in [(0, &message[..]), (0, LINK), (7, LINK)] {
        let (end, peer) = taken(&[by_hand(true, sequence, 1, message)], LinkLimits::default());
        assert_eq!((end, peer.frames), (Ok(()), vec![whole(message)]));
    }
}

#[test]
fn messages_come_out_when_they_end_whatever_comes_in_between() {
    let [first, second, third] = [message(100), message(200), message(300)];
    let (one, two) = (fragments(1, &first, &[60, 70]), fragments(2, &second, &[60, 70]));
    let never = by_hand(true, 3, 1_000_000, SEND);
    let frames = [&one[0], &never, &two[0], &whole(&third), &two[1], &vec![], &two[2], &one[1], &one[2]];
    let (end, peer) = taken(&frames.map(Vec::clone), LinkLimits::default());
    assert_eq!((end, peer.ticks), (Ok(()), 1));
    assert_eq!(peer.frames, [whole(&third), whole(&second), whole(&first)]);
}

#[test]
fn what_is_not_allowed_ends_the_connection() {
    let message = message(100);
    let good = fragments(5, &message, &[60, 70]);
    let first = |sequence, number| by_hand(true, sequence, number, &message);
    let with_references = {
        let mut fragment = first(5, 1);
        fragment[18] = 1;
        fragment
    };
    let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("a control message that is cut", vec![by_hand(true, 5, 2, &SEND[..SEND.len() - 1])]),
        ("nothing at all in front", vec![by_hand(true, 5, 2, &[])]),
        ("a gap", vec![good[0].clone(), good[2].clone()]),
        ("counting up", vec![good[0].clone(), by_hand(false, 5, 4, b"x")]),
        ("the same one twice", vec![good[0].clone(), good[1].clone(), good[1].clone()]),
        ("number 0", vec![good[0].clone(), by_hand(false, 5, 0, b"x")]),
        ("one that has not begun", vec![good[0].clone(), by_hand(false, 6, 2, b"x")]),
        ("one that has ended", vec![first(5, 1), by_hand(false, 5, 1, b"x")]),
        ("begun twice", vec![good[0].clone(), good[0].clone()]),
        ("begun again as a single one", vec![good[0].clone(), first(5, 1)]),
        ("sequence 0 of more than one", vec![first(0, 2)]),
        ("first fragment 0", vec![first(5, 0)]),
        ("references to atoms", vec![with_references]),
        ("a version byte", vec![[&by_hand(true, 5, 2, &[])[..], b"\x83", SEND].concat()]),
        ("cut off in its numbers", vec![good[0][..10].to_vec()]),
        ("cut off in front of its references", vec![good[0][..18].to_vec()]),
    ];
    for (what, frames) in cases {
        let (end, peer) = taken(&frames, LinkLimits::default());
        assert!(matches!(end, Err(LinkEnd::Protocol(_))), "{what}: {end:?}");
        assert_eq!(peer.frames.len(), usize::from(what == "one that has ended"), "{what}");
    }
    assert_eq!(taken(&good, LinkLimits::default()).0, Ok(()));
}

#[test]
fn fragments_are_for_those_who_have_agreed_on_them() {
    let (here, mut there, _) = pair(LinkLimits::default());
    let fragment = by_hand(true, 5, 1, SEND);
    here.wire.send(&fragment);
    there.run(&here.wire, usize::MAX).unwrap();
    // Whoever reads the frame finds out.
    assert_eq!(there.peer().frames, std::slice::from_ref(&fragment));
    let error = control::decode_in(FrameForm::PassThrough, &fragment).unwrap_err();
    assert_eq!(error, control::ControlError::DistributionHeader { tag: 69 });
    assert!(error.closes_connection());
}

#[test]
fn a_message_that_is_too_long_is_skipped_and_its_head_kept() {
    let limits = LinkLimits::default().max_message(50_000);
    let long = message(100_000);
    let (mut frames, short) = (fragments(1, &long, &[60_000, 80_000]), message(10));
    frames.insert(2, whole(&short));
    frames.extend(fragments(1, &short, &[SEND.len()]));
    let (end, peer) = taken(&frames, limits);
    assert_eq!((end, &peer.frames[..]), (Ok(()), &[whole(&short), whole(&short)][..]));
    let [(head, length)] = &peer.too_long[..] else { panic!("one is too long") };
    assert_eq!((*length, peer.limits), (3 + long.len() as u64, vec![50_000]));
    assert!(whole(&long).starts_with(head) && (4096..10_000).contains(&head.len()), "{}", head.len());
    assert!(control::decode(head).is_ok());
}

#[test]
fn what_all_together_may_take_is_bounded_and_given_back() {
    let limits = LinkLimits::default().max_fragments(70_000);
    let long = message(60_000);
    let (one, two) = (fragments(1, &long, &[30_000]), fragments(2, &long, &[30_000]));
    let mixed = [&one[0], &two[0], &one[1], &two[1]].map(Vec::clone);
    let (end, peer) = taken(&mixed, limits);
    assert_eq!((end, peer.frames.len(), peer.too_long.len()), (Ok(()), 1, 1));
    assert!(peer.limits[0] < 60_000, "what was left: {:?}", peer.limits);
    // One after the other there is room.
    let (end, peer) = taken(&[one.clone(), two, one].concat(), limits);
    assert_eq!((end, peer.frames.len()), (Ok(()), 3));
}

#[test]
fn a_fragment_over_the_limit_of_frames_makes_its_message_one_that_is_too_long() {
    let limits = LinkLimits::default().max_frame(1000);
    let long = message(20_000);
    for cuts in [vec![], vec![500], vec![5000], vec![5000, 19_900], vec![300, 600, 19_000]] {
        let (end, peer) = taken(&fragments(4, &long, &cuts), limits);
        assert_eq!(end, Ok(()), "{cuts:?}");
        let [(head, length)] = &peer.too_long[..] else { panic!("one is too long") };
        assert_eq!((*length, peer.limits), (3 + long.len() as u64, vec![1000]), "{cuts:?}");
        assert!(whole(&long).starts_with(head), "{cuts:?}");
        assert!(peer.frames.is_empty());
    }
}

#[test]
fn many_may_be_under_way_but_not_any_number() {
    let begun = |count| (1..=count).map(|sequence| by_hand(true, sequence, 1_000_000, SEND)).collect::<Vec<_>>();
    assert_eq!(taken(&begun(8192), LinkLimits::default()).0, Ok(()));
    assert_eq!(taken(&begun(8193), LinkLimits::default()).0, Err(LinkEnd::TooManySequences { limit: 8192 }));
}

#[test]
fn memory_is_taken_for_what_has_come_and_not_for_what_is_announced() {
    let limits = LinkLimits::default();
    let mut assembly = crate::protocol::channel::assembly::Assembly::default();
    for (sequence, number) in [(1, u64::MAX), (2, 1 << 40), (3, 2)] {
        let data = [SEND, &[7; 1000]].concat();
        assembly.add(&by_hand(true, sequence, number, &data), &limits).unwrap();
    }
    assert!(assembly.memory() < 3 * (3 * 1100 + 500), "{}", assembly.memory());
    for number in (1..1000).rev() {
        assembly.add(&by_hand(false, 2, (1 << 40) - 1000 + number, &[7; 1000]), &limits).unwrap();
    }
    assert!((1_000_000..2_200_000).contains(&assembly.memory()), "{}", assembly.memory());
    // What is announced truly takes no more than that.
    let length = 100 * FRAGMENT_DATA;
    let data = [SEND, &vec![7; length - SEND.len()]].concat();
    for (index, data) in (0..).zip(data.chunks(FRAGMENT_DATA)) {
        assert!(assembly.memory() < 2_200_000 + length + 1000);
        assembly.add(&by_hand(index == 0, 9, 100 - index, data), &limits).unwrap();
    }
    assert!(assembly.memory() < 2_200_000);
}

#[test]
fn a_message_is_late_if_its_end_came_late() {
    let (here, mut there, _) = pair_in(FrameForm::Header, LinkLimits::default());
    let message = message(100);
    let [one, two] = [1, 2].map(|sequence| fragments(sequence, &message, &[60]));
    for fragment in [&one[0], &two[0], &one[1]] {
        here.wire.send(fragment);
    }
    there.stop(&here.wire);
    here.wire.send(&two[1]);
    assert_eq!(there.run(&here.wire, usize::MAX), Err(LinkEnd::Shutdown));
    assert_eq!((there.peer().frames.len(), there.peer().late), (2, 1));
}
