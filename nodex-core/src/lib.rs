//! Being an Erlang node: terms, the external term format, conversions, the distribution protocol and the local node.
//!
//! Most programs use the facade crate `nodex`, which re-exports what is here.

pub mod duration;
pub mod epmd;
mod limits;
pub mod net;
pub mod node;
pub mod random;
mod socket;

#[cfg(feature = "eetf")]
pub use nodex_proto::eetf;
pub use nodex_proto::{Bytes, atom, convert, error, etf, protocol, reply, term, text};

/// What the macros `atom!` and `term!` write paths to.
#[doc(hidden)]
pub use nodex_proto::{__term, macros};
