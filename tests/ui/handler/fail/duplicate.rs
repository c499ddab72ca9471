#![allow(unused)]

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Orders {
    fn status(&self, id: u64) {}

    #[cnode(name = "status")]
    fn state_by_name(&self, name: String, caller: Caller) {}

    // Another arity: another function.
    #[cnode(name = "status")]
    fn all(&self) {}
}

fn main() {}
