#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
struct Orders;

#[cnode_handler]
mod handlers {}

#[cnode_handler]
const LIMIT: u64 = 5;

#[cnode_handler]
trait Shop {
    fn place(&mut self);
}

fn main() {
    let _ = (Orders, LIMIT);
}
