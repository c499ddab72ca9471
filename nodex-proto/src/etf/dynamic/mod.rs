//! The dynamic term, from bytes and to bytes.

mod open;
mod read_list;
pub(super) mod read_run;
mod read_simple;
mod read_term;
mod short_term;
mod write_term;
