#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
struct View<'a> {
    name: &'a str,
    data: Option<&'a [u8]>,
}

fn main() {}
