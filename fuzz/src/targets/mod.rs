//! Functions of any bytes that panic when a promise is broken. They are fuzzed by `fuzz/` and replayed over
//! `fuzz/corpus-seed/` by `nodex-core/tests/hostile_corpus.rs`.

mod epmd;
mod frames;
mod handshake;
mod signals;
mod term;
mod text;
mod typed;

/// A function to fuzz and the name of its corpus.
pub type Target = (&'static str, fn(&[u8]));

pub const ALL: &[Target] = &[
    ("term", term::term),
    ("typed", typed::typed),
    ("frames", frames::frames),
    ("initiator", handshake::initiator),
    ("acceptor", handshake::acceptor),
    ("epmd_client", epmd::client),
    ("epmd_server", epmd::server),
    ("text", text::text),
    ("signals", signals::signals),
];

/// Runs the target of this name.
///
/// # Panics
/// When there is none.
pub fn run(name: &str, input: &[u8]) {
    let target = ALL.iter().find(|target| target.0 == name);
    target.unwrap_or_else(|| panic!("no target {name}")).1(input);
}

/// Cuts `input` into pieces whose lengths are taken from `lengths`.
fn pieces<'a>(mut input: &'a [u8], lengths: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let wanted = 1 + lengths.next().map_or(0, |length| usize::from(*length % 32));
        let (piece, rest) = input.split_at(wanted.min(input.len()));
        input = rest;
        (!piece.is_empty()).then_some(piece)
    })
}
