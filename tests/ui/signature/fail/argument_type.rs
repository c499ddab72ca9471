#![allow(unused)]

use nodex::prelude::*;

struct Order;

#[cnode_handler]
fn place(orders: Vec<Order>, at: std::time::Instant) {
    drop((orders, at));
}

fn main() {
    let _ = place {};
}
