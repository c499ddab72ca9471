#![allow(unused)]

use nodex::prelude::*;

#[derive(IntoTerm)]
#[term(tuple, record = "a")]
struct Two {
    id: u64,
}

#[derive(IntoTerm)]
#[term(untagged)]
struct Untagged {
    id: u64,
}

#[derive(IntoTerm)]
#[term(elixir_struct = "Shop.Order")]
struct Positional(u64, u64);

#[derive(IntoTerm)]
#[term(rename = "order")]
struct Named {
    id: u64,
}

#[derive(IntoTerm)]
#[term(tuple, rename_all = "camelCase")]
struct NoNames {
    #[term(rename = "x", default)]
    id: u64,
}

#[derive(IntoTerm)]
#[term(record = "status", rename = "s")]
enum Status {
    Pending,
    #[term(rename_all = "camelCase")]
    Paid(#[term(rename = "by", default)] String),
}

#[derive(IntoTerm)]
#[term(untagged)]
enum Either {
    #[term(rename = "left")]
    Left(u64),
}

#[derive(IntoTerm)]
struct Skipped {
    #[term(skip, rename = "x", undefined)]
    id: Option<u64>,
}

fn main() {}
