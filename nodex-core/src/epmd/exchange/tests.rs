//! Both ways of each request side by side.

use super::{Fault, lean, with_erl_dist};
use crate::epmd::{
    Entry,
    memory::{Answer, at_once},
};

/// Answers of each kind, whole, cut at each byte, and with each byte spoiled.
fn answers() -> Vec<Vec<u8>> {
    let whole: [&[u8]; 8] = [
        b"w\0\x04\xd2h\0\0\x06\0\x06\0\x03foo\0\x02ab",
        b"w\0\x04\xd2M\0\0\x06\0\x05\0\x03f\xffo\0\0more",
        b"w\x01",
        b"w\x02",
        b"v\0\x01\x02\x03\x04",
        b"v\x01\0\0\0\0",
        b"y\0\0\x02",
        b"y\x07\0\0",
    ];
    let mut answers = vec![vec![]];
    for bytes in whole {
        answers.extend((1..=bytes.len()).map(|end| bytes[..end].to_vec()));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut spoiled = bytes.to_vec();
                spoiled[at] ^= 1 << bit;
                answers.push(spoiled);
            }
        }
    }
    answers
}

/// What matters of an answer, without the words of the libraries.
fn known<T>(answer: Option<Result<T, Fault>>) -> Result<T, String> {
    match answer {
        Some(Ok(value)) => Ok(value),
        Some(Err(Fault::Io(error))) => Err(format!("{:?}", error.kind())),
        Some(Err(other)) => Err(format!("{other:?}")),
        None => panic!("it waits for more than there is"),
    }
}

#[test]
fn both_ways_read_every_answer_alike() {
    let entry = Entry { extra: b"more".to_vec(), ..Entry::hidden("foo", 4711) };
    for answer in answers() {
        let stream = || Answer::new(&answer);
        assert_eq!(
            known(at_once(with_erl_dist::lookup(stream(), "foo"))),
            known(at_once(lean::lookup(stream(), "foo"))),
            "{answer:?}"
        );
        let creation = |registered: Option<(Answer<'_>, u32)>| registered.map(|(_, creation)| creation);
        assert_eq!(
            known(at_once(with_erl_dist::register(stream(), &entry))).map(creation),
            known(at_once(lean::register(stream(), &entry))).map(creation),
            "{answer:?}"
        );
    }
}

#[test]
fn both_ways_write_the_same_requests() {
    let entry = Entry { extra: vec![7; 300], ..Entry::visible("f\u{e4}o", 4711) };
    let written = |by: &dyn Fn(&mut Answer<'_>)| {
        let mut stream = Answer::new(b"");
        by(&mut stream);
        stream.into_written()
    };
    let one = written(&|stream| drop(at_once(with_erl_dist::lookup(stream, "f\u{e4}o"))));
    assert_eq!(one, b"\0\x05zf\xc3\xa4o");
    assert_eq!(one, written(&|stream| drop(at_once(lean::lookup(stream, "f\u{e4}o")))));
    let one = written(&|stream| drop(at_once(with_erl_dist::register(stream, &entry))));
    assert_eq!(one.len(), 2 + 13 + 4 + 300);
    assert_eq!(one, written(&|stream| drop(at_once(lean::register(stream, &entry)))));
}
