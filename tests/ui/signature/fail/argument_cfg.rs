#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
fn size(of: String, #[cfg(unix)] mode: u32) -> usize {
    of.len()
}

fn main() {
    let _ = size {};
}
