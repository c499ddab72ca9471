#![allow(unused)]

use nodex::prelude::*;

struct Orders;

#[cnode_handler]
impl Orders {
    #[cnode(nmae = "put")]
    unsafe fn place(self, item: &str) {}

    #[cnode(blocking)]
    async fn status<T>(&'static self, of: impl ToString) -> ! {
        unreachable!()
    }
}

fn main() {
    // The service is there in spite of the mistakes, so this is no further error.
    let _ = nodex::node::IntoService::into_service(Orders);
}
