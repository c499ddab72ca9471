#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
union Bits {
    float: f64,
    integer: u64,
}

fn main() {}
