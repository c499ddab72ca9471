//! Random numbers, all of them from the system.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
};

/// A number that nobody can guess: for challenges, and for whatever else guards something.
///
/// # Errors
/// When the system has none.
#[doc(hidden)]
pub fn random_challenge() -> io::Result<u32> {
    getrandom::u32().map_err(|error| io::Error::other(format!("no random numbers: {error}")))
}

/// A number for what only has to differ: pauses, and the incarnations of nodes, which every peer is told.
pub(crate) fn random_bits() -> u32 {
    getrandom::u32().unwrap_or_else(|_| RandomState::new().build_hasher().finish() as u32)
}
