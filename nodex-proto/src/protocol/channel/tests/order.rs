//! Messages that go out in fragments: their form, and what goes past them and what does not.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::protocol::{
    Flags,
    channel::{Owners, ProcessNumber},
    control::{self, AtomTerm, Control, FRAGMENT_DATA, PidTerm, ProcTerm, RefTerm, Target},
};

const FLAGS: Flags = Flags::NODE;

fn pid(node: u8, id: u32) -> Vec<u8> {
    [&[88, 119, 3, node, b'@', b'h'][..], &id.to_be_bytes(), &[0; 4], &[0, 0, 0, 7]].concat()
}

/// Alias `number` of process `id`.
fn alias(id: u32, number: u32) -> Vec<u8> {
    [&[90, 0, 3, 119, 3, b'b', b'@', b'h', 0, 0, 0, 7][..], &[0; 4], &id.to_be_bytes(), &number.to_be_bytes()].concat()
}

fn name(id: u32) -> Vec<u8> {
    let name = format!("name{id}");
    [&[119, name.len() as u8][..], name.as_bytes()].concat()
}

/// Knows whose an alias with an even number is.
#[derive(Debug)]
struct Even;

impl Owners for Even {
    fn owner(&self, _from: ProcessNumber, alias: RefTerm<'_>) -> Option<ProcessNumber> {
        let words = alias.to_reference().ok()?;
        (words.words()[2] % 2 == 0).then(|| (words.words()[1], 0))
    }
}

/// Something that one of our processes says to one of the peer's. Each process of the peer has the name of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    from: u32,
    to: u32,
    how: How,
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    ToPid,
    ToAlias(u32),
    ToName,
    Link,
    Exit,
    Down,
    DownOfName,
    Monitor,
    /// With an operation that does not name its sender.
    Unsaid,
    Exit2,
    Spawned,
}

impl Said {
    /// As a frame, with its number in front of the payload, or in a reference.
    fn put(self, number: u32, out: &mut Encoder) {
        let (from, to, alias, name, own) = (
            pid(b'a', self.from),
            pid(b'b', self.to),
            if let How::ToAlias(which) = self.how { alias(self.to, which) } else { Vec::new() },
            name(self.to),
            super::order::name(self.from),
        );
        let (from, to) = (PidTerm::new(&from).unwrap(), PidTerm::new(&to).unwrap());
        let payload = [&[98][..], &number.to_be_bytes(), &vec![7; self.length]].concat();
        let reference = alias_of(number);
        let reference = RefTerm::new(&reference).unwrap();
        let send = |to| Control::Send { from: Some(from), to, token: None, priority: false, message: &payload };
        let control = match self.how {
            How::ToPid => send(Target::Pid(to)),
            How::ToAlias(_) => send(Target::Alias(RefTerm::new(&alias).unwrap())),
            How::ToName => send(Target::Name(AtomTerm::new(&name).unwrap())),
            How::Link => Control::Unlink { id: Some(u64::from(number) + 1), from, to },
            How::Exit => Control::Exit { from, to, token: None, reason: &payload },
            How::Down => Control::MonitorExit { from: ProcTerm::Pid(from), to, reference, reason: &payload },
            How::DownOfName => {
                let from = ProcTerm::Name(AtomTerm::new(&own).unwrap());
                Control::MonitorExit { from, to, reference, reason: &payload }
            }
            How::Monitor => Control::Monitor { from, to: ProcTerm::Pid(to), reference },
            How::Unsaid => {
                let control =
                    Control::Send { from: None, to: Target::Pid(to), token: None, priority: false, message: &payload };
                return control.encode(FLAGS, out).unwrap();
            }
            How::Exit2 => Control::Exit2 { from, to: Target::Pid(to), token: None, priority: false, reason: &payload },
            How::Spawned => {
                Control::SpawnReply { id: reference, to, flags: 0, result: ProcTerm::Pid(from), token: None }
            }
        };
        control.encode(FLAGS, out).unwrap();
    }
}

fn alias_of(number: u32) -> Vec<u8> {
    alias(number, 1)
}

/// The number that was said with it.
fn number_of(frame: &[u8]) -> u32 {
    let word = |bytes: &[u8]| u32::from_be_bytes(*bytes.first_chunk().unwrap());
    match control::decode_in(FrameForm::Header, frame).unwrap().1 {
        Control::Send { message, .. } => word(&message[1..]),
        Control::Exit { reason, .. } | Control::Exit2 { reason, .. } | Control::MonitorExit { reason, .. } => {
            word(&reason[1..])
        }
        Control::Unlink { id, .. } => id.unwrap() as u32 - 1,
        Control::Monitor { reference, .. } | Control::SpawnReply { id: reference, .. } => {
            reference.to_reference().unwrap().words()[1]
        }
        other => panic!("{other:?}"),
    }
}

/// An output with all that was said handed in so many at a time, and what it has written, frame by frame.
fn written(said: &[Said], together: usize, own: bool) -> Vec<Vec<u8>> {
    let mut output = Output::new(FrameForm::Header, 1 << 30);
    output.set_owners(Arc::new(Even));
    let mut all = Vec::new();
    let mut write = |out: &Encoder, done: usize| {
        all.extend_from_slice(&out.to_vec()[done..]);
        Ok::<usize, ()>(out.len())
    };
    for (start, some) in said.chunks(together).enumerate() {
        let put = |out: &mut Encoder| {
            (0..).zip(some).for_each(|(index, said)| said.put((start * together) as u32 + index, out));
        };
        if own {
            output.append(true, put);
            output.flush(&mut write).unwrap();
        } else {
            let mut batch = Encoder::new();
            put(&mut batch);
            output.submit(&mut batch, &mut write).unwrap();
        }
    }
    while output.waiting() > 0 {
        output.flush(&mut write).unwrap();
    }
    assert_eq!((output.answers(), output.in_fragments()), (0, 0));
    let mut frames = Vec::new();
    let mut rest = &all[..];
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (frame, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
        frames.push(frame.to_vec());
        rest = behind;
    }
    frames
}

/// The numbers of messages in the order in which a peer gets them.
fn received(frames: &[Vec<u8>]) -> Vec<u32> {
    let (here, mut there, _) = pair_in(FrameForm::Header, LinkLimits::default());
    for frame in frames {
        here.wire.bytes.borrow_mut().extend((frame.len() as u32).to_be_bytes().iter().chain(frame));
    }
    there.run(&here.wire, usize::MAX).unwrap();
    there.peer().frames.iter().map(|frame| number_of(frame)).collect()
}

const LONG: usize = 3 * FRAGMENT_DATA;

fn said(from: u32, to: u32, how: How, length: usize) -> Said {
    Said { from, to, how, length }
}

#[test]
fn fragments_are_as_long_as_those_of_a_beam_and_number_0_is_never_used() {
    for (extra, lengths) in [(0, vec![3 + 65_536]), (1, vec![65_555, 18 + 1]), (65_536, vec![65_555, 65_554])] {
        let mut head = Encoder::new();
        said(1, 2, How::ToPid, 0).put(0, &mut head);
        let first = said(1, 2, How::ToPid, FRAGMENT_DATA - (head.len() - 7) + extra);
        let frames = written(&[first, first], 1, false);
        let expected: Vec<usize> = [&lengths[..], &lengths].concat();
        assert_eq!(frames.iter().map(Vec::len).collect::<Vec<_>>(), expected);
        if extra > 0 {
            let numbers: Vec<_> = frames.iter().map(|frame| control::Fragment::read(frame).unwrap()).collect();
            let numbers: Vec<_> = numbers.iter().map(|f| (f.sequence, f.number, f.first)).collect();
            assert_eq!(numbers[..2], [(1, 2, Some(0)), (1, 1, None)], "the first sequence is 1");
            assert!(numbers[2].0 > 1 && numbers[3].0 == numbers[2].0);
        }
        assert_eq!(received(&frames), [0, 1]);
    }
}

#[test]
fn what_has_no_payload_is_never_cut() {
    let frames = written(&[said(1, 2, How::Link, 0), said(1, 2, How::Monitor, 0)], 1, false);
    assert!(frames.iter().all(|frame| frame.starts_with(FrameForm::Header.start())));
    // A reason that stands in the control message.
    let mut output = Output::new(FrameForm::Header, 0);
    let (from, to) = (pid(b'a', 1), pid(b'b', 2));
    let reason = [&[109, 0, 1, 0x86, 0xA0][..], &vec![7; 100_000]].concat();
    let (from, to) = (PidTerm::new(&from).unwrap(), PidTerm::new(&to).unwrap());
    let exit = Control::Exit { from, to, token: None, reason: &reason };
    output.append(false, |out| exit.encode(FLAGS.without(Flags::EXIT_PAYLOAD), out).unwrap());
    assert_eq!(output.in_fragments(), 0);
    assert_eq!(output.held().to_vec()[4..7], *FrameForm::Header.start());
    // The same as a payload is cut.
    let mut output = Output::new(FrameForm::Header, 0);
    output.append(false, |out| exit.encode(FLAGS, out).unwrap());
    assert!(output.in_fragments() > 100_000);
    assert_eq!(output.answers(), output.waiting(), "nothing in fragments is let pass");
}

#[test]
fn what_goes_between_others_goes_past_a_long_message() {
    use How::*;
    let first = said(1, 2, ToPid, LONG);
    for (second, third) in [
        (said(1, 3, ToPid, 5), said(3, 2, ToPid, 5)),
        (said(1, 3, ToAlias(2), 5), said(1, 4, Down, 5)),
        (said(2, 2, ToName, 5), said(2, 2, DownOfName, 5)),
        (said(1, 3, Link, 0), said(1, 3, Exit, 9)),
    ] {
        for own in [false, true] {
            let numbers = received(&written(&[first, second, third], 1, own));
            let past = if third.how == DownOfName { vec![1, 0, 2] } else { vec![1, 2, 0] };
            assert_eq!(numbers, past, "{second:?} {third:?}");
        }
    }
    // Two long ones take turns.
    let frames = written(&[said(1, 2, ToPid, LONG), said(1, 3, ToPid, LONG)], 2, false);
    let sequences: Vec<u64> = frames.iter().map(|frame| control::Fragment::read(frame).unwrap().sequence).collect();
    assert_eq!(sequences, [1, 2, 1, 2, 1, 2, 1, 2]);
}

#[test]
fn what_goes_between_the_same_two_waits_for_a_long_message() {
    use How::*;
    for long in [ToPid, ToAlias(2), ToAlias(1), ToName, Exit, Down, Unsaid, Exit2] {
        for short in
            [ToPid, ToAlias(2), ToAlias(1), ToName, Link, Exit, Down, DownOfName, Monitor, Unsaid, Exit2, Spawned]
        {
            let all = [said(1, 2, long, LONG), said(1, 2, short, 5), said(1, 2, long, LONG), said(1, 2, short, 5)];
            for together in [1, 2, 4] {
                assert_eq!(received(&written(&all, together, false)), [0, 1, 2, 3], "{long:?} {short:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// All of what was said comes, and in order between each two processes.
    #[test]
    fn between_two_processes_everything_stays_in_order(
        all in vec((0..3_u32, 0..3_u32, 0..12_u8, prop_oneof![4 => 0..50_usize, 1 => Just(LONG)]), 1..25),
        together in 1..5_usize,
        own in any::<bool>(),
    ) {
        let how = |which| match which {
            0 => How::ToPid,
            1 => How::ToAlias(1),
            2 => How::ToAlias(2),
            3 => How::ToName,
            4 => How::Link,
            5 => How::Exit,
            6 => How::Down,
            7 => How::DownOfName,
            8 => How::Monitor,
            9 => How::Unsaid,
            10 => How::Exit2,
            _ => How::Spawned,
        };
        let all: Vec<Said> = all.into_iter().map(|(from, to, which, length)| said(from, to, how(which), length)).collect();
        let numbers = received(&written(&all, together, own));
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..all.len() as u32).collect::<Vec<_>>());
        for from in 0..3 {
            for to in 0..3 {
                let between: Vec<u32> = numbers
                    .iter()
                    .copied()
                    .filter(|&number| (all[number as usize].from, all[number as usize].to) == (from, to))
                    .collect();
                prop_assert!(between.is_sorted(), "{:?} of {:?}", between, all);
            }
        }
    }
}

#[test]
fn what_is_written_by_hand_is_not_looked_at() {
    let mut output = Output::new(FrameForm::Header, 1 << 30);
    let mut batch = Encoder::new();
    said(1, 2, How::ToPid, LONG).put(0, &mut batch);
    let bytes = batch.to_vec();
    output.append_as_they_are(true, &bytes);
    assert_eq!((output.held().to_vec(), output.in_fragments()), (bytes, 0));
}
