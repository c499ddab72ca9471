#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
unsafe fn danger() {}

#[cnode_handler]
extern "C" fn foreign() {}

fn main() {
    let _ = (danger {}, foreign {});
}
