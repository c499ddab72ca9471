#![allow(unused)]

use nodex::prelude::*;

struct Opaque;

#[derive(FromTerm, IntoTerm)]
struct Order {
    id: u64,
    what: Vec<Opaque>,
    #[term(default)]
    more: Opaque,
    nothing: (),
}

#[derive(FromTerm, IntoTerm)]
enum Status {
    Pending,
    Held(std::time::Instant),
}

fn main() {}
