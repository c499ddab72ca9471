//! Every kind of entry; without arguments the program prints its usage and ends well.
#![deny(warnings, clippy::all, clippy::pedantic)]

use nodex::{node::Functions, prelude::*};

mod handlers {
    use nodex::prelude::*;

    #[cnode_handler]
    pub(crate) fn pong() {}
}

#[cnode_handler]
fn ping() {}

struct Orders;

#[cnode_handler]
impl Orders {
    fn count(&self, shared: State<u64>) -> u64 {
        *shared
    }
}

struct Calc;

#[cnode_handler]
impl Calc {
    fn add(a: i64, b: i64) -> Option<i64> {
        a.checked_add(b)
    }
}

fn number(text: &str) -> Result<u64, std::num::ParseIntError> {
    text.parse()
}

fn make() -> Orders {
    Orders
}

nodex::main!(
    ping,
    handlers::pong,
    Calc,
    Functions::new().add("echo", |term: RawTerm| term),
    "orders" => if number("5")? == 5 { Orders } else { return Err("no orders".into()) },
    "calc" => Calc,
    permanent "first" => Calc,
    transient "second" => Orders,
    temporary "third" => ping,
    factory "fourth" => || Orders,
    temporary factory "fifth" => make,
    state = number("5")?,
    drain = std::time::Duration::from_secs(number("5")?),
);
