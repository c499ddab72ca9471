//! Terms in writing.

use nodex_core::{
    term::Term,
    text::{Syntax, Text, parse},
};

/// The first byte says in which language.
pub(super) fn text(input: &[u8]) {
    let Some((mode, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let syntax = if mode & 1 == 0 { Syntax::Erlang } else { Syntax::Elixir };
    match parse(text, syntax) {
        Ok(term) => again(&term),
        Err(error) => {
            let error = error.to_string();
            assert!(!error.is_empty() && error.len() < 1000, "{error:?}");
        }
    }
}

/// What was understood can be written in either language, and then means the same.
fn again(term: &Term) {
    for syntax in [Syntax::Erlang, Syntax::Elixir] {
        let written = Text::of(term).syntax(syntax).to_string();
        // Nested deeper than is written.
        if written.contains("...") {
            continue;
        }
        match parse(&written, syntax) {
            Ok(read) => assert_eq!(&read, term, "another comes back from {written:?}"),
            Err(error) => panic!("{term:?} is written as {written:?}: {error}"),
        }
    }
}
