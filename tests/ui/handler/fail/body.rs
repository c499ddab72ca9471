#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
fn sum(a: i64, b: i64) -> i64 {
    a + c
}

struct Counter(i64);

#[cnode_handler]
impl Counter {
    fn get(&self) -> i64 {
        self.1
    }
}

fn main() {
    let _ = sum {};
}
