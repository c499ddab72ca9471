#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
struct Page<T> {
    items: Vec<T>,
}

struct Opaque;

#[cnode_handler]
fn turn(page: Page<Opaque>) -> Page<Opaque> {
    page
}

fn main() {}
