//! Values: atoms, pids, references, ports, raw terms and the dynamic term.
//!
//! [`Term`] is any term, to match and to build. [`RawTerm`] is any term that is only passed on. [`Atom`], [`Pid`],
//! [`Reference`] and [`Port`] are the types that Rust does not have.

mod atom;
#[cfg(feature = "eetf")]
mod eetf;
mod identifier;
mod raw;
pub(crate) mod share;

pub use crate::dynamic::{
    Children, ExternalFun, Fun, ImproperList, List, Map, MapKey, Pairs, Term, TermBuilder, TermKind, TermRef, Tuple,
};
pub use atom::{Atom, AtomError, MAX_ATOM_CHARACTERS};
#[cfg(feature = "eetf")]
pub use eetf::IdentifierError;
pub use identifier::{Pid, Port, Reference};
pub use raw::RawTerm;
#[doc(hidden)]
pub use raw::first_word;
pub(crate) use raw::{Held, words};
pub(crate) use share::is_shared;
