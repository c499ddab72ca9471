//! Rust values from terms and to terms, straight from and to encoded bytes.

#[doc(hidden)]
pub mod derive;
mod error;
mod from_term;
mod into_term;

pub use error::{Cause, DecodeError};
pub use from_term::FromTerm;
pub use into_term::IntoTerm;
