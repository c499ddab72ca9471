#![allow(unused)]

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Orders {
    fn place(&self) {}
}

#[cnode_handler]
impl Orders {
    fn status(&self) {}
}

fn main() {}
