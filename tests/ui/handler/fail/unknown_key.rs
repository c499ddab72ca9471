#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler(rename = "ready?", skip)]
fn is_ready() -> bool {
    true
}

struct Orders;

#[cnode_handler]
impl Orders {
    #[cnode(names = "x", only(plain, rcp))]
    fn place(&self) {}
}

fn main() {
    let _ = is_ready {};
}
