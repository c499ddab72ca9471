#![allow(unused)]

use nodex::prelude::*;

struct Status;

#[cnode_handler]
fn sync() -> Result<Status, String> {
    Ok(Status)
}

#[cnode_handler]
async fn later() -> Vec<Status> {
    Vec::new()
}

#[cnode_handler]
fn opaque() -> impl Sized {
    Status
}

#[cnode_handler]
fn never() -> ! {
    panic!()
}

struct Orders;

#[cnode_handler]
impl Orders {
    fn open() -> Self {
        Orders
    }

    fn changed(&mut self) -> Status {
        Status
    }

    async fn borrowed(&self) -> Option<&Status> {
        None
    }
}

fn main() {
    let _ = (sync {}, later {}, opaque {}, never {});
}
