//! Values: atoms, pids, references, ports, raw terms and the dynamic term.

mod atom;
mod identifier;
mod raw;

pub use atom::{Atom, AtomError, MAX_ATOM_CHARACTERS};
pub use eetf::Term;
pub use identifier::{Pid, Port, Reference};
pub use raw::RawTerm;
