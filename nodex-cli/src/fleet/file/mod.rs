//! The fleet file: its keys, and errors with line and key.

mod check;
mod fault;
mod load;
mod path;
mod schema;
mod value;

pub(crate) use check::check;
pub(crate) use fault::{Fault, choice};
pub(crate) use load::{Fleet, failure, load};
