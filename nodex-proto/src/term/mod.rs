//! Values: atoms, pids, references, ports, raw terms and the dynamic term.

mod atom;
mod canonical;
mod identifier;
mod keys;
mod order;
mod raw;
pub(crate) mod share;

pub use atom::{Atom, AtomError, MAX_ATOM_CHARACTERS};
pub use canonical::canonical;
pub use eetf::Term;
pub use identifier::{IdentifierError, Pid, Port, Reference};
pub use order::compare;
pub(crate) use raw::Held;
pub use raw::RawTerm;
#[doc(hidden)]
pub use raw::first_word;
pub(crate) use share::is_shared;

pub(crate) use canonical::{improper, is_canonical, mask_bits, proper_list};
pub(crate) use keys::{Alike, MAX_ALIKE, Maps, maps_in};
pub(crate) use order::Order;
