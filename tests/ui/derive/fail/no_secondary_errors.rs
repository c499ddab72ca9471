#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
#[term(recrod = "order")]
struct Order {
    id: u64,
}

#[derive(FromTerm, IntoTerm)]
struct Orders {
    all: Vec<Order>,
}

#[cnode_handler]
fn place(order: Order) -> Orders {
    Orders { all: vec![order] }
}

fn main() {}
