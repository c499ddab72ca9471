//! What the generator sends: one message after the other, on schedule, or as many as a node can take.

pub(crate) mod open_loop;
pub mod round_trips;
pub(crate) mod saturated;
pub(crate) mod traffic;
