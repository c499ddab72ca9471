//! Values: atoms, pids, references, ports, raw terms and the dynamic term.

mod atom;
mod dynamic;
#[cfg(feature = "eetf")]
mod eetf;
mod identifier;
mod raw;
pub(crate) mod share;

pub use atom::{Atom, AtomError, MAX_ATOM_CHARACTERS};
pub use dynamic::{
    Children, ExternalFun, Fun, ImproperList, List, Map, MapKey, Pairs, Term, TermBuilder, TermKind, TermRef, Tuple,
};
pub(crate) use dynamic::{cell, first, mask_bits, order_of_keys, position, rank_of_tag};
#[cfg(feature = "eetf")]
pub use eetf::IdentifierError;
pub use identifier::{Pid, Port, Reference};
pub(crate) use raw::Held;
pub use raw::RawTerm;
#[doc(hidden)]
pub use raw::first_word;
pub(crate) use share::is_shared;
