#![allow(unused)]

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Orders {
    fn count(&self) -> u64 {
        0
    }
}

struct NoError;

fn open() -> Result<Orders, NoError> {
    Ok(Orders)
}

nodex::main!(open()?);
