#![allow(unused)]

use nodex::prelude::*;

struct Names<'a>(&'a str);

#[cnode_handler]
impl<'a> Names<'a> {
    fn name(&self) -> &str {
        self.0
    }
}

struct Short<'a>(&'a str);

#[cnode_handler]
impl Short<'_> {
    fn name(&self) -> &str {
        self.0
    }
}

fn main() {}
