//! A stream of frames and their contents.

use nodex_core::{
    etf::Encoder,
    protocol::{
        Flags,
        channel::Inbox,
        control::{self, Control, PidTerm},
    },
};

const LIMIT: usize = 4096;

pub(super) fn frames(input: &[u8]) {
    // As one frame, so that the fuzzer need not find out about lengths.
    one(input);
    let whole = cut(input, input.len().max(1));
    // In whatever pieces they come, the frames are the same.
    for piece in [1, 7, input.len() / 2 + 1] {
        assert_eq!(cut(input, piece), whole, "in pieces of {piece}");
    }
    let mut at = 0;
    for (length, frame) in whole {
        assert_eq!(input[at..].first_chunk(), Some(&(length as u32).to_be_bytes()));
        let rest = &input[at + 4..];
        match frame {
            Some(frame) => {
                assert!(length <= LIMIT && rest[..length] == frame);
                if !frame.is_empty() {
                    one(&frame);
                }
            }
            None => assert!(length > LIMIT),
        }
        at += 4 + length.min(rest.len());
    }
    // What is left is the beginning of a frame, or of one that is too long and whose head has not come.
    if let Some((length, rest)) = input[at..].split_first_chunk() {
        assert!(u32::from_be_bytes(*length) as usize > rest.len());
    }
}

/// Returns the frames of a stream that arrives in pieces of this size: their lengths, and the contents of those that
/// are not too long.
fn cut(mut stream: &[u8], piece: usize) -> Vec<(usize, Option<Vec<u8>>)> {
    let (mut inbox, mut frames) = (Inbox::new(&[], LIMIT), Vec::new());
    loop {
        if let Some((head, length)) = inbox.too_long() {
            assert!(!head.is_empty() && head.len() as u64 <= length);
            frames.push((length as usize, None));
            inbox.pass_over();
        }
        let mut batch = inbox.batch();
        while let Some(frame) = batch.next() {
            frames.push((frame.len(), Some(frame.to_vec())));
        }
        let taken = inbox.push(&stream[..piece.min(stream.len())]);
        stream = &stream[taken..];
        if taken == 0 && stream.is_empty() && inbox.is_done() {
            return frames;
        }
    }
}

/// A control message that is understood can be said again, and then means the same.
fn one(frame: &[u8]) {
    let (op, control) = match control::decode(frame) {
        Ok(understood) => understood,
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.to_string().len() < 1000);
            return;
        }
    };
    assert_eq!(control::Op::from_number(op.number()), Some(op));
    pids(&control);
    let everything = Flags::from_bits(u64::MAX);
    for everything in [everything.without(Flags::FRAGMENTS), everything] {
        let mut out = Encoder::new();
        match control.encode(everything, &mut out) {
            Ok(()) => {
                let bytes = out.to_vec();
                let (length, again) = bytes.split_first_chunk().expect("a length");
                assert_eq!(u32::from_be_bytes(*length) as usize, again.len());
                match control::decode(again) {
                    Ok((_, again)) => assert_eq!(again, control),
                    // No term begins with a version byte, and behind a header that is found out at once.
                    Err(control::ControlError::VersionByte { .. }) if everything.contains(Flags::FRAGMENTS) => {}
                    Err(error) => panic!("what was said is wrong: {error}"),
                }
            }
            // The only one without a number of its own, which newer peers ask for.
            Err(_) if matches!(control, Control::Unlink { id: None, .. }) => assert!(out.is_empty()),
            Err(_) if matches!(control, Control::Send { from: None, .. }) => assert!(out.is_empty()),
            Err(error) => panic!("{error}: {control:?}"),
        }
    }
    // A peer with few flags receives another operation or none.
    for flags in [Flags::EMPTY, Flags::EI, Flags::HIDDEN] {
        let mut out = Encoder::new();
        let said = control.encode(flags, &mut out);
        assert_eq!(said.is_err(), out.is_empty());
    }
}

/// The numbers of a pid can be read before the rest of it was checked.
fn pids(control: &Control<'_>) {
    let mut pids: Vec<PidTerm<'_>> = Vec::new();
    match *control {
        Control::Send { from, .. } => pids.extend(from),
        Control::Link { from, to } | Control::Exit { from, to, .. } => pids.extend([from, to]),
        Control::Monitor { from, .. } | Control::Exit2 { from, .. } => pids.push(from),
        _ => {}
    }
    for term in pids {
        if let Ok(pid) = term.to_pid() {
            assert_eq!((term.id(), term.serial(), term.creation()), (pid.id, pid.serial, pid.creation));
        }
        assert!(term.node().len() <= term.as_bytes().len());
    }
}
