//! Being an Erlang node: terms, the external term format, conversions, the distribution protocol and the local node.
//!
//! Most programs use the facade crate `nodex`, which re-exports what is here.

pub mod convert;
pub mod dist;
pub mod duration;
pub mod epmd;
pub mod etf;
mod limits;
pub mod net;
pub mod node;
mod socket;
pub mod term;

/// Bytes that are shared and not copied: a binary as an argument or a field.
pub use bytes::Bytes;
/// The dynamic term, re-exported so that its version is the one this crate uses.
pub use eetf;
