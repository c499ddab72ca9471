//! A stream of frames and what is in them.

use nodex_core::{
    etf::Encoder,
    protocol::{
        Flags, Frame, Frames,
        control::{self, Control, PidTerm},
    },
};

const LIMIT: usize = 4096;

pub(super) fn frames(input: &[u8]) {
    // As one frame, so that the fuzzer need not find out about lengths.
    one(input);
    let mut all = Frames::new(input, LIMIT);
    let (mut whole, mut end) = (Vec::new(), 0);
    let result = loop {
        match all.next() {
            Ok(Some(frame)) => {
                end += 4 + length(frame);
                assert_eq!(all.position(), end);
                whole.push(frame);
            }
            other => break other.map(|_| ()),
        }
    };
    assert!(all.wanted() <= 4 + LIMIT);
    // However much has come, the frames that are whole by then are the same.
    let cut = input.len() / 2;
    let (mut some, mut at) = (Frames::new(&input[..cut], LIMIT), 0);
    while let Ok(Some(frame)) = some.next() {
        assert_eq!(frame, whole[at]);
        at += 1;
    }
    if result.is_ok() {
        assert!(whole[at..].first().is_none_or(|frame| some.position() + 4 + length(*frame) > cut));
    }
    for frame in whole {
        if let Frame::Data(frame) = frame {
            one(frame);
        }
    }
}

fn length(frame: Frame<'_>) -> usize {
    match frame {
        Frame::Tick => 0,
        Frame::Data(bytes) => bytes.len(),
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
    let mut out = Encoder::new();
    match control.encode(everything, &mut out) {
        Ok(()) => {
            let bytes = out.to_vec();
            let (length, again) = bytes.split_first_chunk().expect("a length");
            assert_eq!(u32::from_be_bytes(*length) as usize, again.len());
            let (_, again) = control::decode(again).unwrap_or_else(|error| panic!("what was said is wrong: {error}"));
            assert_eq!(again, control);
        }
        // The only one without a number of its own, which newer peers ask for.
        Err(_) if matches!(control, Control::Unlink { id: None, .. }) => assert!(out.is_empty()),
        Err(_) if matches!(control, Control::Send { from: None, .. }) => assert!(out.is_empty()),
        Err(error) => panic!("{error}: {control:?}"),
    }
    // A peer that knows little is told in other words or not at all.
    for flags in [Flags::EMPTY, Flags::EI, Flags::HIDDEN] {
        let mut out = Encoder::new();
        let said = control.encode(flags, &mut out);
        assert_eq!(said.is_err(), out.is_empty());
    }
}

/// The numbers of a pid are there before anything else of it was checked.
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
