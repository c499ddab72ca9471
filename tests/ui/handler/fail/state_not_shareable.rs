#![allow(unused)]

use std::{cell::RefCell, marker::PhantomData, sync::MutexGuard};

use nodex::prelude::*;

struct Cache(RefCell<u64>);

#[cnode_handler]
impl Cache {
    fn get(&self) -> u64 {
        *self.0.borrow()
    }
}

struct Tree(u64, PhantomData<MutexGuard<'static, ()>>);

#[cnode_handler]
impl Tree {
    fn set(&mut self, to: u64) {
        self.0 = to;
    }
}

fn main() {}
