#![allow(unused)]

use nodex::prelude::*;

#[derive(FromTerm, IntoTerm)]
enum Never {}

fn main() {}
