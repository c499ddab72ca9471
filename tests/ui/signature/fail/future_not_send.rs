#![allow(unused)]

use std::{future::ready, rc::Rc};

use nodex::prelude::*;

#[cnode_handler]
async fn count(from: u64) -> u64 {
    let shared = Rc::new(from);
    ready(()).await;
    *shared
}

#[cnode_handler]
async fn silent() {
    let shared = Rc::new(1);
    ready(()).await;
    drop(shared);
}

struct Counter;

#[cnode_handler]
impl Counter {
    async fn add(&mut self, by: u64) -> Option<u64> {
        let shared = Rc::new(by);
        ready(()).await;
        Some(*shared)
    }
}

fn main() {
    let _ = (count {}, silent {});
}
