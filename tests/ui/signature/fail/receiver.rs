#![allow(unused)]

use std::sync::Arc;

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Orders {
    fn by_value(self) {}
    fn by_mutable_value(mut self) {}
    fn by_arc(self: Arc<Self>) {}
    fn by_lifetime(&'static self) {}
}

fn main() {
    let _ = nodex::node::IntoService::into_service(Orders);
}
