#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
fn show(value: impl ToString, all: Vec<impl ToString>) -> String {
    value.to_string()
}

fn main() {
    let _ = show {};
}
