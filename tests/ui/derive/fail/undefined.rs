#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
struct Order {
    #[term(undefined)]
    id: u64,
}

fn main() {}
