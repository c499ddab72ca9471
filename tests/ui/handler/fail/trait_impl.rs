#![allow(unused)]

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Iterator for Orders {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        None
    }
}

fn main() {
    let _ = nodex::node::IntoService::into_service(Orders);
}
