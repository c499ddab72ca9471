#![allow(unused)]

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Orders {
    const LIMIT: u64 = 5;

    #[cnode(skip)]
    fn open() -> Self {
        Orders
    }
}

fn main() {
    let _ = (Orders::LIMIT, nodex::node::IntoService::into_service(Orders::open()));
}
