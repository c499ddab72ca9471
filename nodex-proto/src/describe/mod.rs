//! What terms a Rust type is read from and written as, and these types in the words of Erlang and Elixir.
//!
//! Every [`FromTerm`](crate::convert::FromTerm) type tells which terms it is read from, every
//! [`IntoTerm`](crate::convert::IntoTerm) type which ones it is written as: all types of this crate, and what is derived. A
//! type that says nothing is [`Type::Term`], any term.
//!
//! ```
//! use std::collections::HashMap;
//! use nodex_proto::{convert::{FromTerm, IntoTerm}, describe::Types, text::Syntax};
//!
//! let mut types = Types::new();
//! let prices = HashMap::<String, Option<u8>>::input_type(&mut types);
//! assert_eq!(types.text(&prices, Syntax::Elixir), "%{optional(String.t()) => 0..255 | nil}");
//! assert_eq!(types.text(&prices, Syntax::Erlang), "#{unicode:unicode_binary() => 0..255 | nil}");
//! let answer = Result::<(), &str>::output_type(&mut types);
//! assert_eq!(types.text(&answer, Syntax::Elixir), ":ok | {:error, String.t()}");
//! ```
//!
//! Nothing of it is looked at when a message comes: types are described when somebody asks.
//!
//! ```text
//! signature ──> text ──> expression ──> names ──> types ──> ty ──> integer
//! ```

mod expression;
mod integer;
mod names;
mod signature;
mod text;
mod ty;
mod types;

pub use integer::Bound;
pub use names::Definition;
pub use signature::{Argument, Outcome, Signature};
pub use ty::{DefinitionId, Field, Struct, Type, Variant};
pub use types::Types;
