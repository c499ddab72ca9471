#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler(name, only, blocking = true)]
fn values() {}

#[cnode_handler(name = "", only(), blocking(), name = "twice")]
fn empty() {}

#[cnode_handler(name = 5, only(call, call(1)), blocking, blocking)]
fn twice() {}

#[cnode_handler(blocking "x", =, name = ?)]
fn broken() {}

#[cnode_handler(blocking)]
async fn both() {}

struct Orders;

#[cnode_handler(name = "orders")]
impl Orders {
    #[cnode]
    fn bare(&self) {}

    #[cnode(skip, blocking)]
    fn helper(&self) {}

    #[cnode_handler(blocking)]
    fn nested(&self) {}
}

struct Stock;

#[cnode_handler(sys_state = "shown", sys_state, sys_state(), state)]
impl Stock {
    fn count(&self) {}
}

fn main() {
    let _ = (values {}, empty {}, twice {}, broken {}, both {});
}
