//! A duration as text is read when the program is compiled.

use nodex::prelude::*;

#[cnode_handler]
fn ping() -> i64 {
    1
}

nodex::main!(ping, drain = "10s");
