//! `call` is `GenServer.call`, `request` the plain one, and the time limit comes last: on every type.

use std::time::Duration;

use nodex::{node::{Destination, Node}, prelude::*};
use nodex_host::{Cnode, Pool, supervisor::{Child, Health}};

const LIMIT: Duration = Duration::from_secs(1);

async fn new(node: Node, to: Destination, cnode: Cnode, child: Child, pool: Pool) {
    let _ = node.request::<i64>(to.clone(), atom!("count"), LIMIT).await;
    let _ = node.call::<i64>(to, atom!("count"), LIMIT).await;
    let _ = node.call::<i64>(("counter", "shop@127.0.0.1"), atom!("count"), LIMIT).await;
    let _ = node.call::<i64>((atom!("counter"), "shop@127.0.0.1".to_owned()), atom!("count"), LIMIT).await;
    let _ = node.call::<i64>((atom!("counter"), node.name()), atom!("count"), LIMIT).await;
    let _ = node.call::<i64>((atom!("counter"), node.name().clone()), atom!("count"), LIMIT).await;
    let _ = cnode.request::<i64>(atom!("count")).await;
    let _ = child.request::<i64>(atom!("count")).await;
    let _ = pool.request::<i64>(atom!("count")).await;
    let _ = cnode.request_timeout::<i64>(atom!("count"), LIMIT).await;
    let _ = child.request_timeout::<i64>(atom!("count"), LIMIT).await;
    let _ = pool.request_timeout::<i64>(atom!("count"), LIMIT).await;
    let _ = cnode.call::<i64>(atom!("count"), LIMIT).await;
    let _ = child.call::<i64>(atom!("count"), LIMIT).await;
    let _ = pool.call::<i64>(atom!("count"), LIMIT).await;
    let _ = Health::request(atom!("count"));
}

fn main() {}
