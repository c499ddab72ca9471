//! Erlang's terms, their external format, and the distribution protocol, without a runtime, sockets, clocks or
//! randomness.
//!
//! | module | contents |
//! |---|---|
//! | [`term`](mod@term) | values: atoms, pids, references, ports, raw terms, the dynamic term |
//! | [`etf`] | the external term format: [`Decoder`](etf::Decoder) and [`Encoder`](etf::Encoder), with limits |
//! | [`convert`] | [`FromTerm`](convert::FromTerm) and [`IntoTerm`](convert::IntoTerm): conversions between Rust values and terms. Start here |
//! | [`reply`] | [`IntoReply`](reply::IntoReply): the results of functions that other nodes call |
//! | [`describe`] | what terms a Rust type is read from and written as, for people and programs: type specifications of Erlang and Elixir |
//! | [`text`] | terms as Erlang or Elixir text, printed and parsed |
//! | [`error`] | [`Chain`](error::Chain), which shows an error with all that it comes from |
//! | `protocol` | handshake, flags, frames, control messages, cookies |
//!
//! | feature | what it adds |
//! |---|---|
//! | `eetf` (default) | conversions from and to the terms of the crate `eetf` |
//! | `num-bigint` (default) | `BigInt` and `BigUint` as terms |
//! | `protocol` (default) | the module of that name; without it the dependency tree has 8 crates |
//! | `serde` | serialization and deserialization of [`Term`](term::Term) |
//!
//! A program that is an Erlang node uses the crate `nodex`, which re-exports this one. Use this crate alone to read and
//! write terms in a file, a message queue or a database, or to drive the protocol yourself.
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
pub mod describe;
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

/// Shared bytes: a binary that is not copied, as an argument or a field.
pub use bytes::Bytes;
/// The crate whose terms can be converted, re-exported in the version that this crate uses.
#[cfg(feature = "eetf")]
pub use eetf;
