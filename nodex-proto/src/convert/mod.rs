//! Conversions between Rust values and encoded terms.
//!
//! A type implements [`FromTerm`], [`IntoTerm`] or both. Values are read from bytes and written to bytes directly,
//! without a dynamic term in between. The crate `nodex` has derive macros for both traits.
//!
//! ```
//! use nodex_proto::convert::{binary_to_term, term_to_binary};
//!
//! let stock = vec![(String::from("tea"), Some(3)), (String::from("milk"), None)];
//! let bytes = term_to_binary(&stock)?;
//! assert_eq!(binary_to_term::<Vec<(String, Option<u32>)>>(&bytes)?, stock);
//!
//! let error = binary_to_term::<Vec<u32>>(&bytes).unwrap_err();
//! assert_eq!(error.to_string(), "element 1: expected integer, got tuple");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
//! `()` and sets have no conversion. (A `MapSet` of Elixir is a struct.)

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
