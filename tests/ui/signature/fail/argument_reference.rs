#![allow(unused)]

use nodex::prelude::*;

struct Order;

#[cnode_handler]
fn text(name: &str, data: &[u8], all: &[Order], one: &mut Order, deep: Option<(u8, Vec<&'static str>)>) {}

fn main() {
    let _ = text {};
}
