#![allow(unused)]

use nodex::prelude::*;

// The mistake in the handler is the only error: `main!` finds its service all the same.
#[cnode_handler]
fn greet(name: &str) {}

nodex::main!(greet);
