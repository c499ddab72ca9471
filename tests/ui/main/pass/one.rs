use nodex::prelude::*;

#[cnode_handler]
fn ping(term: RawTerm) -> (Atom, RawTerm) {
    (atom!("pong"), term)
}

nodex::main!(ping);
