//! Native records, as OTP 29 writes them: carried as they are, shown, and beyond the dynamic term.

#![allow(clippy::unwrap_used)]

use nodex_proto::{
    convert::term_to_binary,
    error::Chain,
    etf::{Decoder, Kind},
    term::RawTerm,
    text::Text,
};

use crate::etf_beam;
use etf_beam::unhex;

fn records() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let lines = include_str!("etf_vectors/records.tsv").lines().filter(|line| !line.starts_with('#'));
    let records: Vec<_> = lines
        .map(|line| {
            let [name, bytes, text] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            (name, unhex(bytes), text)
        })
        .collect();
    assert_eq!(records.len(), 8);
    records
}

#[test]
fn they_are_carried_and_shown() {
    for (name, bytes, text) in records() {
        let raw = RawTerm::new(bytes.clone()).unwrap();
        assert_eq!(term_to_binary(&raw).unwrap()[1..], bytes, "{name}");
        assert_eq!(raw.to_string(), text, "{name}");
        assert_eq!(Text::of_bytes(&bytes).to_string(), text, "{name}");
        for end in 0..bytes.len() {
            assert!(Decoder::new(&bytes[..end]).skip().is_err(), "{name} cut at {end}");
        }
    }
}

#[test]
fn they_are_no_dynamic_terms() {
    for (name, bytes, _) in records() {
        let error = Chain(&Decoder::new(&bytes).term().unwrap_err()).to_string();
        assert!(
            error.starts_with("invalid term: a record at byte ")
                && error.ends_with(" cannot be held by a dynamic term"),
            "{name}: {error}"
        );
    }
    let (_, pair, _) = &records()[0];
    assert_eq!(Decoder::new(pair).peek(), Ok(Kind::Record));
    let error = RawTerm::new(pair.clone()).unwrap().decode::<(u8, u8)>().unwrap_err();
    assert_eq!(Chain(&error).to_string(), "expected tuple, got record");
}

#[test]
fn malformed_ones_are_refused_as_otp_29_does() {
    let (_, pair, _) = records().swap_remove(0);
    let changed = |at: usize, byte: u8| {
        let mut bytes = pair.clone();
        bytes[at] = byte;
        RawTerm::new(bytes).map_err(|error| Chain(&error).to_string())
    };
    let fields = pair.len() - 10;
    assert_eq!(&pair[fields..], [119, 1, 120, 119, 1, 121, 97, 1, 97, 2]);
    assert!(changed(5, 1).is_ok(), "exported");
    assert_eq!(changed(5, 2).unwrap_err(), "the record at byte 0 is malformed");
    assert_eq!(changed(fields + 5, 120).unwrap_err(), "the record at byte 0 is malformed", "a field twice");
    assert!(changed(fields, 97).is_err(), "a name that is no atom");
    assert!(changed(4, 3).is_err(), "a value that is missing");
    assert!(changed(1, 255).is_err(), "a count that cannot be met");
}

/// A format that only its sender knows has no end of its own, so it can only be a whole message.
#[test]
fn local_terms_are_carried_as_whole_messages_and_not_sent_on() {
    let message = [131, 121, 1, 2, 3, 4, 97];
    let mut decoder = Decoder::new(&message);
    decoder.version().unwrap();
    assert_eq!(decoder.peek(), Ok(Kind::Local));
    let raw = decoder.raw().unwrap();
    assert!(decoder.is_empty());
    assert_eq!(raw.as_bytes(), &message[1..]);
    assert_eq!(raw.to_string(), "#Local<6 bytes>");
    assert_eq!(
        term_to_binary(&raw).unwrap_err().to_string(),
        "a term in a format known to its sender only cannot be sent"
    );
    assert_eq!(raw.decode::<u8>().unwrap_err().to_string(), "expected integer, got local term");
    let error = Decoder::new(&[104, 1, 121, 1, 2]).skip().unwrap_err();
    assert_eq!(Chain(&error).to_string(), "a term in a local format (tag 121 at byte 2) cannot be part of another");
}
