#![allow(unused)]

use nodex::prelude::*;

#[allow(non_camel_case_types)]
struct ping {
    count: u64,
}

#[cnode_handler]
fn ping() {}

#[cnode_handler]
fn str(value: String) -> String {
    value
}

fn main() {}
