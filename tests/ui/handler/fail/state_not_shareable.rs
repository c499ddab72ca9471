#![allow(unused)]

use std::{cell::RefCell, rc::Rc};

use nodex::prelude::*;

struct Cache(RefCell<u64>);

#[cnode_handler]
impl Cache {
    fn get(&self) -> u64 {
        *self.0.borrow()
    }
}

struct Tree(Rc<u64>);

#[cnode_handler]
impl Tree {
    fn set(&mut self, to: u64) {
        self.0 = Rc::new(to);
    }
}

fn main() {}
