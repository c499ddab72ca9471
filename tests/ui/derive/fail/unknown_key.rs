#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
#[term(tupel, rename_al = "camelCase")]
struct Order {
    #[term(renam = "x")]
    id: u64,
}

#[derive(FromTerm)]
enum Status {
    #[term(skip)]
    Pending,
}

fn main() {}
