#![allow(unused)]

use nodex::prelude::*;

struct Orders;

impl Orders {
    #[cnode_handler]
    fn place(&mut self) {}
}

fn main() {}
