//! Rust values from terms and to terms, straight from and to encoded bytes.
//!
//! | Rust | Erlang |
//! |---|---|
//! | `i8` to `i128`, `u8` to `u128`, `isize`, `usize`, `BigInt`, `BigUint` | integer |
//! | `char` | integer, as Erlang's `char()` |
//! | `f32`, `f64` | float, never an integer |
//! | `bool` | `true`, `false` |
//! | `Atom` | atom |
//! | `String`, `&str`, `Box<str>`, `Arc<str>`, `Rc<str>`, `Cow<str>` | binary of UTF-8 |
//! | [`Binary`], `Bytes`, `BytesMut` | binary |
//! | [`BitString`] | bit string |
//! | [`Charlist`] | list of characters |
//! | `Vec`, `VecDeque`, slices, arrays, `Box<[T]>`, `Arc<[T]>` (so `Vec<u8>` too) | list |
//! | tuples of 1 to 12 | tuple |
//! | `HashMap`, `BTreeMap` | map |
//! | `Option<T>` | `nil` or `T` |
//! | `Result<T, E>` | `{ok, T}` or `{error, E}`; `ok` or `error` for `()` |
//! | `Box`, `Arc`, `Rc`, `Cow`, references | what they hold |
//! | `Pid`, `Port`, `Reference` | the same |
//! | [`RawTerm`](crate::term::RawTerm), [`Term`](crate::term::Term) | any term |
//!
//! `()` is no term. Sets are none either: a `MapSet` of Elixir is a struct of its own.

mod atom;
#[cfg(feature = "num-bigint")]
mod bigint;
mod binary;
#[doc(hidden)]
pub mod derive;
#[cfg(feature = "eetf")]
mod eetf;
mod float;
mod from_term;
mod integer;
mod into_term;
mod list;
mod map;
mod option;
mod pointer;
mod result;
mod text;
mod tuple;
mod value;
mod whole;

pub use crate::etf::{Cause, DecodeError};
pub use binary::{Binary, BitString};
pub use from_term::FromTerm;
pub use into_term::{IntoTerm, OutputType};
pub use text::Charlist;
pub use whole::{ConvertError, binary_to_term, from_term, term_to_binary, to_term};
