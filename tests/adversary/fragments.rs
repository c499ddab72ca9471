//! Messages in fragments that break the rules, and those that stretch them.

use super::{
    handshake::CREATION,
    stage::HOST,
    wire::{atom, control, pid, ping},
};

/// What a peer does that has agreed on fragments, and what the node says of it: it closes the connection.
pub(crate) struct Breach {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) says: &'static str,
}

/// A frame behind a header that refers to nothing.
pub(crate) fn whole(control: &[u8], payload: &[u8]) -> Vec<u8> {
    with_length(&[&[131, 68, 0], control, payload].concat())
}

/// A first fragment, or another one.
pub(crate) fn fragment(first: bool, sequence: u64, number: u64, data: &[u8]) -> Vec<u8> {
    let (tag, references) = if first { (69, &[0][..]) } else { (70, &[][..]) };
    with_length(&[&[131, tag][..], &sequence.to_be_bytes(), &number.to_be_bytes(), references, data].concat())
}

fn with_length(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[..], body].concat()
}

/// `{ping, x}` to any name: the control tuple and the payload, without their version bytes.
pub(crate) fn question(name: &str) -> (Vec<u8>, Vec<u8>) {
    (control(6, &[&pid(name, 7, 0, CREATION), &atom(""), &atom("any")]), ping(&atom("x")))
}

pub(crate) fn breaches() -> Vec<Breach> {
    let (control, payload) = question(HOST);
    let breach = |name, says, frames: &[Vec<u8>]| Breach { name, bytes: frames.concat(), says };
    let all = [&control[..], &payload].concat();
    let first = |number| fragment(true, 5, number, &all[..control.len() + 2]);
    let rest = &all[control.len() + 2..];
    let nested = [[108, 0, 0, 0, 1].repeat(100_000), vec![106; 10]].concat();
    let references = [&[131, 69][..], &[0, 0, 0, 0, 0, 0, 0, 5], &[0, 0, 0, 0, 0, 0, 0, 2], &[3, 0, 0], &all].concat();
    vec![
        breach("a control message cut between fragments", "whole control", &[fragment(true, 5, 2, &control[..9])]),
        breach("a first fragment with nothing in it", "whole control", &[fragment(true, 5, 2, &[])]),
        breach("a control message nested without an end", "whole control", &[fragment(true, 5, 2, &nested)]),
        breach("a gap", "out of turn", &[first(4), fragment(false, 5, 2, rest)]),
        breach("counting up", "out of turn", &[first(4), fragment(false, 5, 5, rest)]),
        breach(
            "a fragment twice",
            "out of turn",
            &[first(4), fragment(false, 5, 3, rest), fragment(false, 5, 3, rest)],
        ),
        breach("a fragment of nothing", "has not begun", &[fragment(false, 5, 1, rest)]),
        breach(
            "a fragment behind the last",
            "has not begun",
            &[first(2), fragment(false, 5, 1, rest), fragment(false, 5, 1, rest)],
        ),
        breach("a message begun twice", "begun twice", &[first(4), first(4)]),
        breach("sequence 0", "not allowed", &[fragment(true, 0, 2, &all)]),
        breach("fragment 0", "not allowed", &[fragment(true, 5, 0, &all)]),
        breach("fragment 0 of sequence 0", "not allowed", &[fragment(true, 0, 0, &all)]),
        breach("references to atoms", "refers to 3 atoms", &[with_length(&references)]),
        breach(
            "references to atoms in a whole message",
            "refers to 1 atom",
            &[with_length(&[&[131, 68, 1, 0, 0][..], &all].concat())],
        ),
        breach("a fragment cut off in its numbers", "cut off", &[with_length(&[131, 69, 0, 0, 0])]),
        breach("the next one cut off", "cut off", &[with_length(&[131, 70, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0])]),
        breach(
            "a frame without header",
            "not with a distribution header",
            &[with_length(&[&[112, 131][..], &control, &[131], &payload].concat())],
        ),
        breach(
            "a version byte in front of the control message",
            "number in front",
            &[whole(&[&[131][..], &control].concat(), &payload)],
        ),
        breach(
            "a version byte in front of the payload",
            "version byte",
            &[whole(&control, &[&[131][..], &payload].concat())],
        ),
        breach(
            "a version byte in the next fragment",
            "version byte",
            &[fragment(true, 5, 2, &control), fragment(false, 5, 1, &[&[131][..], &payload].concat())],
        ),
        breach("an unknown tag", "not with a distribution header", &[with_length(&[131, 71, 0])]),
        breach("no frame at all", "over the limit", &[vec![255; 9]]),
        breach(
            "more messages than may be under way",
            "under way in fragments",
            &(1..=8193).map(|sequence| fragment(true, sequence, 2, &control)).collect::<Vec<_>>(),
        ),
    ]
}
