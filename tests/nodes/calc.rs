//! A node that adds.
use nodex::prelude::*;

/// `{add, 2, 3}` is answered with `{ok, 5}`, and a sum that is too big with `{error, overflow}`.
#[cnode_handler]
fn add(a: i64, b: i64) -> Result<i64, Atom> {
    a.checked_add(b).ok_or(atom!("overflow"))
}

nodex::main!(add);
