//! The drop-in for a C node: `{ping, Term}` is answered with `{pong, Term}`.

use nodex::prelude::*;

/// Gives the term back.
#[cnode_handler]
fn ping(term: RawTerm) -> (Atom, RawTerm) {
    (atom!("pong"), term)
}

nodex::main!(ping);
