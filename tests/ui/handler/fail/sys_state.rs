use nodex::prelude::*;

struct NoTerm;

#[cnode_handler(sys_state)]
impl NoTerm {
    fn count(&self) -> u8 {
        0
    }
}

struct Shop;

#[cnode_handler(sys_state = Shop::shown)]
impl Shop {
    fn count(&mut self) -> u8 {
        0
    }
}

impl Shop {
    fn shown(&self) -> NoTerm {
        NoTerm
    }
}

fn main() {}
