#![allow(unused)]

struct Orders;

impl Orders {
    fn open() -> Orders {
        Orders
    }
}

nodex::main!(Orders::open(), "orders" => Orders, |number: u64| number);
