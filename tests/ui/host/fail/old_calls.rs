//! What was a plain request under the name `call` must not become a `GenServer.call` in silence.

use std::time::Duration;

use nodex::prelude::*;
use nodex_host::{Cnode, Pool, supervisor::Child};

const LIMIT: Duration = Duration::from_secs(1);

async fn old(cnode: Cnode, child: Child, pool: Pool) {
    let _ = cnode.call::<i64>(atom!("count")).await;
    let _ = child.call::<i64>(atom!("count")).await;
    let _ = pool.call::<i64>(atom!("count")).await;
    let _ = cnode.call_within::<i64>(LIMIT, atom!("count")).await;
    let _ = child.call_within::<i64>(LIMIT, atom!("count")).await;
    let _ = pool.call_within::<i64>(LIMIT, atom!("count")).await;
    let _ = cnode.gen_call::<i64>(LIMIT, atom!("count")).await;
    let _ = child.gen_call::<i64>(LIMIT, atom!("count")).await;
    let _ = pool.gen_call::<i64>(LIMIT, atom!("count")).await;
}

fn main() {}
