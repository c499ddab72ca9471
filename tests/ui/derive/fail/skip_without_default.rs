#![allow(unused)]

use nodex::prelude::*;

struct NoDefault;

#[derive(FromTerm)]
struct Order {
    id: u64,
    #[term(skip)]
    cache: NoDefault,
    #[term(default = wrong)]
    count: u64,
}

fn wrong() -> String {
    String::new()
}

fn main() {}
