//! Values: atoms, pids, references, ports, raw terms and the dynamic term.

mod atom;
mod canonical;
mod identifier;
mod keys;
#[doc(hidden)]
pub mod macro_support;
mod macros;
mod order;
mod raw;
mod text;

pub use atom::{Atom, AtomError, MAX_ATOM_CHARACTERS};
pub use canonical::canonical;
pub use eetf::Term;
pub use identifier::{IdentifierError, Pid, Port, Reference};
pub use order::compare;
pub use raw::RawTerm;
pub(crate) use raw::{Held, first_word};
pub use text::{MAX_DECIMAL_BYTES, MAX_DECIMAL_DIGITS, ParseError, ParseProblem, Syntax, Text, is_visible, parse};

pub(crate) use canonical::{improper, is_canonical, mask_bits, proper_list};
pub(crate) use keys::{Alike, MAX_ALIKE, Maps, maps_in};
pub(crate) use order::Order;
