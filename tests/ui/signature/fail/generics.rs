#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
fn show<'a, T: ToString, const N: usize>(value: T) -> String {
    value.to_string()
}

struct Store;

#[cnode_handler]
impl Store {
    fn get<T: FromTerm>(&self, key: T) {}
}

fn main() {
    let _ = show {};
}
