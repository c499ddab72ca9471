//! The dynamic term.
//!
//! A [`Term`] holds its encoded form, in one canonical form, with a table of the positions of its parts. So it is sent
//! as it is, cloned by counting, and dropped in one step at any depth, and its parts are read without being built.
//!
//! ```text
//! build, decode, eq, refusal, serde, eetf ──> look ──> kind ──> map ──> order, term ──> parts ──> children ──> view
//! decode ──> normal, index_map ──> order, index                                    view ──> own ──> index ──> cell
//! ```

mod build;
mod cell;
mod children;
mod decode;
#[cfg(feature = "eetf")]
mod eetf;
mod eq;
mod index;
mod index_map;
mod kind;
mod look;
mod map;
mod normal;
mod order;
mod own;
mod parts;
mod refusal;
#[cfg(feature = "serde")]
mod serde;
mod term;
mod view;

pub use build::TermBuilder;
pub use children::{Children, Pairs};
pub use kind::TermKind;
pub use map::{Map, MapKey};
pub use parts::{ExternalFun, Fun, ImproperList, List, Tuple};
pub use term::Term;
pub use view::TermRef;
