//! Who takes the terms of the corpus.

use nodex_proto::convert::{FromTerm, IntoTerm};

/// What is done with each term of the corpus.
pub(crate) trait Subject {
    /// Whether it takes the term of this name.
    fn wants(&self, name: &str) -> bool {
        let _ = name;
        true
    }

    /// Takes a term, given as a Rust value.
    fn term<T: FromTerm + IntoTerm + Clone>(&mut self, name: &str, value: &T);
}
