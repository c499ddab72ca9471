//! A term read in three ways, written, and read again.

use bytes::Bytes;
use nodex_core::{
    convert::{Cause, DecodeError},
    etf::{Decoder, EncodeError, Encoder, EtfError, MAX_SENT_INTEGER_BYTES},
    term::{RawTerm, Term},
    text::{Syntax, Text},
};

pub(super) fn term(input: &[u8]) {
    let mut skipper = Decoder::new(input);
    let skipped = skipper.skip();
    let owner = Bytes::copy_from_slice(input);
    let mut raws = [Decoder::new(input), Decoder::with_owner(&owner, &owner)];
    for decoder in &mut raws {
        let raw = decoder.raw();
        assert_eq!(raw.as_ref().map(RawTerm::as_bytes).ok(), skipped.as_ref().ok().copied(), "skip and raw differ");
    }
    let mut reader = Decoder::new(input);
    let read = reader.term();
    match (&skipped, &read) {
        (Ok(term), Ok(value)) => {
            assert_eq!(reader.position(), term.len(), "skip and term end at different places");
            write_and_read(value);
        }
        (Ok(_), Err(error)) => assert!(is_a_limit(error), "skip takes what term refuses: {error}"),
        (Err(error), Ok(_)) => panic!("term takes what skip refuses: {error}"),
        (Err(_), Err(_)) => {}
    }
    if let Ok(term) = skipped {
        pass_on(term);
        cut_off(term);
    }
    is_one_line(&Text::of_bytes(input).to_string());
    let short = Text::of_bytes(input).max_len(50).to_string();
    assert!(short.len() <= 53 || short.starts_with("<no term"), "{short:?} is longer than 50 bytes and three dots");
}

/// What is written is the same term.
fn write_and_read(value: &Term) {
    let mut encoder = Encoder::new();
    match encoder.put_term(value) {
        Ok(()) => {}
        // Read from OTP 25, which no later release takes.
        Err(EncodeError::IntegerLength { bytes }) if bytes > MAX_SENT_INTEGER_BYTES => return,
        Err(error) => panic!("a term that was read cannot be written: {error}"),
    }
    let bytes = encoder.to_vec();
    assert_eq!(bytes.len(), encoder.len());
    let mut decoder = Decoder::new(&bytes);
    assert_eq!(decoder.skip().map(<[u8]>::len), Ok(bytes.len()), "what was written is no term");
    let again = Decoder::new(&bytes).term().unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
    assert_eq!(&again, value, "another term came back");
    let part = value.elements().last().map(|part| part.to_term());
    assert_eq!(part.as_ref().map(|part| part.as_ref()), again.elements().last(), "another part");
    for text in [Text::of(value), Text::of(value).syntax(Syntax::Elixir)] {
        is_one_line(&text.to_string());
        let short = text.max_len(50).to_string();
        assert!(short.len() <= 53, "{short:?} is longer than 50 bytes and three dots");
    }
}

/// A term that is passed on unseen is the same bytes.
fn pass_on(term: &[u8]) {
    let raw = RawTerm::new(term.to_vec()).unwrap_or_else(|error| panic!("a whole term is none: {error}"));
    let mut encoder = Encoder::new();
    encoder.put_raw(&raw);
    assert_eq!(encoder.to_vec(), term);
}

/// No beginning of a term is a term, but of the kind that only its sender knows.
fn cut_off(term: &[u8]) {
    const LOCAL: u8 = 121;
    if term.first() == Some(&LOCAL) {
        return;
    }
    for cut in [term.len() - 1, term.len() / 2, term.len() / 3] {
        assert!(Decoder::new(&term[..cut]).skip().is_err(), "{cut} of {} bytes are a term", term.len());
    }
}

/// Refused for what it is, not for how it is written.
fn is_a_limit(error: &DecodeError) -> bool {
    matches!(
        error.cause(),
        Cause::Malformed(
            EtfError::TooDeep { .. }
                | EtfError::TooLarge { .. }
                | EtfError::Opaque { .. }
                | EtfError::DuplicateKey { .. }
        )
    )
}

fn is_one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "a text with control characters: {text:?}");
}
