//! The dynamic term.
//!
//! A [`Term`] is its own encoded form, in one canonical form, with a table of where its parts are. So it is sent as it is,
//! copied by counting, dropped in one step however deep it is, and its parts are looked at without being built.

mod build;
mod children;
#[cfg(feature = "eetf")]
mod eetf;
mod eq;
mod kind;
mod order;
mod parts;
mod refusal;
#[cfg(feature = "serde")]
mod serde;
mod term;
mod view;

pub use build::TermBuilder;
pub(crate) use build::mask_bits;
pub use children::{Children, Pairs};
pub use kind::TermKind;
pub(crate) use order::{order_of_keys, rank_of_tag};
pub use parts::{ExternalFun, Fun, ImproperList, List, Map, MapKey, Tuple};
pub use term::Term;
pub(crate) use term::{cell, first, position};
pub use view::TermRef;
