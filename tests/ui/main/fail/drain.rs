use nodex::prelude::*;

#[cnode_handler]
fn ping() -> i64 {
    1
}

nodex::main!(ping, drain = "10");
