//! Erlang's terms and its distribution protocol as bytes and decisions: no runtime, no socket, no clock, no randomness.
//!
//! | module | what is in it |
//! |---|---|
//! | [`term`](mod@term) | values: atoms, pids, references, ports, raw terms, the dynamic term |
//! | [`etf`] | the external term format: [`Decoder`](etf::Decoder) and [`Encoder`](etf::Encoder), with limits |
//! | [`convert`] | [`FromTerm`](convert::FromTerm) and [`IntoTerm`](convert::IntoTerm): Rust values from terms and to terms |
//! | [`reply`] | [`IntoReply`](reply::IntoReply): what a function may return that other nodes call |
//! | [`text`] | terms as Erlang or Elixir text, and back |
//! | [`error`] | [`Chain`](error::Chain), which shows an error with all that it comes from |
//! | `protocol` | handshake, flags, frames, control messages, cookies |
//!
//! | feature | what it adds |
//! |---|---|
//! | `eetf` (default) | conversions of terms from and to those of the crate `eetf` |
//! | `num-bigint` (default) | `BigInt` and `BigUint` as terms |
//! | `protocol` (default) | the module of that name; without it a decoder is 8 crates, this one and what only builds included |
//! | `serde` | [`Term`](term::Term) as what serde serializes and deserializes |
//!
//! A program that is an Erlang node uses the crate `nodex`, which has all of this too. This crate alone is for those who
//! have terms in a file, in a message queue or in a database, and for those who drive the protocol themselves.
//!
//! ```
//! use nodex_proto::{convert, term, text::Text};
//!
//! let bytes = convert::term_to_binary(&("ok", vec![1, 2, 3]))?;
//! let (answer, numbers): (String, Vec<u32>) = convert::binary_to_term(&bytes)?;
//! assert_eq!((answer.as_str(), numbers), ("ok", vec![1, 2, 3]));
//! assert_eq!(Text::of(&term!({ok, [1, 2, 300]})).to_string(), "{ok,[1,2,300]}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod convert;
mod dynamic;
pub mod error;
pub mod etf;
#[doc(hidden)]
pub mod macros;
#[cfg(feature = "protocol")]
pub mod protocol;
pub mod reply;
pub mod term;
pub mod text;

/// Bytes that are shared and not copied: a binary as an argument or a field.
pub use bytes::Bytes;
/// Terms as other programs have them, which are converted both ways; re-exported so that its version is the one this crate uses.
#[cfg(feature = "eetf")]
pub use eetf;
