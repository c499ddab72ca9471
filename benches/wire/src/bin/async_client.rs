//! `examples/example_client` with an `async` handler.

use nodex::prelude::*;

/// Returns the term back.
#[cnode_handler]
async fn ping(term: RawTerm) -> (Atom, RawTerm) {
    (atom!("pong"), term)
}

nodex::main!(ping);
