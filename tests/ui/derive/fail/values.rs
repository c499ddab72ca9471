#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm)]
#[term(record, rename_all = "Camel", undefined = true)]
struct A {
    #[term(rename = 5, default = 0, skip(1))]
    a: u64,
    #[term(rename = "", rename = "twice")]
    b: u64,
    #[term]
    c: u64,
    #[term = "x"]
    d: u64,
}

#[derive(IntoTerm)]
#[term(elixir_struct = "Elixir.Shop.Order")]
struct B {}

#[derive(IntoTerm)]
#[term(exception = "shop order")]
struct C {}

fn main() {}
