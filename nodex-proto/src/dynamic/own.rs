//! Terms that were written here.

use super::index::{Indexed, Indexer, Scratch};
use crate::etf::{EtfError, Limits};

/// None: what was written here fits.
const OWN: Limits = Limits { max_depth: u32::MAX, max_term_memory: usize::MAX };

/// Finds the parts of a term of our own, which may hold what no peer would take.
pub(super) fn index_own(bytes: &[u8], scratch: &mut Scratch) -> Result<Indexed, EtfError> {
    Indexer::new(bytes, 0, OWN, usize::MAX, true, scratch).term()
}

/// Returns how long the term at the front of these bytes is, which are from a term of our own.
#[cold]
pub(super) fn own_len(bytes: &[u8]) -> usize {
    Scratch::with(|scratch| index_own(bytes, scratch)).map_or(bytes.len(), |found| found.len)
}
