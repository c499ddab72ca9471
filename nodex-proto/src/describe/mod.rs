//! Descriptions of the terms that a Rust type is read from and written as, also in the syntax of Erlang and Elixir.
//!
//! Every [`FromTerm`](crate::convert::FromTerm) type can describe the terms that it is read from, every
//! [`IntoTerm`](crate::convert::IntoTerm) type those that it is written as. All types of this crate and all derived
//! implementations do so. A type without a description is [`Type::Term`], any term.
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
//! Descriptions are created when they are requested, and have no effect on the handling of messages.
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
