#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm)]
struct Order {
    id: u64,
    #[term(rename = "id")]
    number: u64,
}

#[derive(FromTerm)]
#[term(elixir_struct = "Shop.Order")]
struct Elixir {
    __struct__: Atom,
}

#[derive(FromTerm)]
enum Status {
    Paid(u64),
    #[term(rename = "paid")]
    Settled { at: u64 },
    Pending,
    #[term(rename = "pending")]
    Waiting,
    // An atom and a tuple are told apart.
    #[term(rename = "paid")]
    Free,
}

fn main() {}
