//! No lint finds anything in what the macro writes.
#![deny(warnings, clippy::all, clippy::pedantic, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(unused_qualifications, single_use_lifetimes, elided_lifetimes_in_paths, unused_results)]
#![forbid(unsafe_code)]

use std::fmt::Debug;

use nodex::{
    node::{IntoService, Service as _},
    prelude::{Atom as Name, RawTerm as Anything, *},
};

/// `{ping, Term}` is answered with `{pong, Term}`.
#[cnode_handler]
pub fn ping(term: Anything) -> (Name, Anything) {
    (atom!("pong"), term)
}

#[cnode_handler(name = "is_ready?", only(call, rpc))]
fn is_ready() -> bool {
    true
}

#[cnode_handler]
fn r#type((a, b): (i64, i64), _: String, (c,): (i64,), mut d: i64) -> Option<i64> {
    d = d.checked_mul(2)?;
    a.checked_add(b)?.checked_add(c)?.checked_add(d)
}

// The names that the expansion uses inside are free.
#[cnode_handler]
async fn call(state: u64, value: u64, call: u64) -> Result<u64, String> {
    std::future::ready(()).await;
    state.checked_add(value).and_then(|sum| sum.checked_add(call)).ok_or_else(|| "overflow".to_owned())
}

#[cnode_handler(blocking)]
fn slow(context: Context, caller: Caller, length: String) -> NoReply {
    drop((context, caller));
    let _ = length.len();
    NoReply
}

#[cnode_handler]
fn opaque() -> impl IntoTerm {
    5_i64
}

#[deprecated]
#[cnode_handler]
fn old() {}

#[cnode_handler]
#[cfg(any())]
fn left_out() -> Missing {}

#[cfg(any())]
#[cnode_handler]
fn left_out() -> Missing {}

/// Its own service may be printed and copied.
#[derive(Debug)]
pub struct Orders {
    count: u64,
    name: String,
}

#[cnode_handler]
impl Orders {
    const STEP: u64 = 1;

    /// Adds.
    fn add(&mut self, by: u64) -> u64 {
        self.count += by + Self::STEP;
        self.count
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn zero() -> u64 {
        0
    }

    async fn rename(&mut self, name: String) -> &str {
        std::future::ready(()).await;
        self.name = name;
        &self.name
    }

    async fn later() -> u64 {
        std::future::ready(0).await
    }

    async fn peek(&self) -> u64 {
        std::future::ready(self.count).await
    }

    #[cnode(blocking)]
    fn crunch(&mut self, state: u64) -> u64 {
        self.count += state;
        self.count
    }

    #[cnode(blocking)]
    fn crunch_name(&self, state: Option<u64>) -> Option<&String> {
        state.map(|_| &self.name)
    }

    #[cfg(any())]
    fn never(&self) -> Missing {}

    #[cnode(name = "add", only(cast))]
    fn add_twice(&mut self, by: u64, again: u64) {
        self.count += by + again;
    }

    fn r#match(&self, r#type: u64) -> bool {
        self.count == r#type
    }

    #[cnode(skip)]
    fn new() -> Self {
        Orders { count: 0, name: "x".to_owned() }
    }
}

#[derive(Debug)]
struct Cell<S>(S);

#[cnode_handler]
impl<S: Clone + IntoTerm + Send + Sync + 'static> Cell<S> {
    fn get(&self) -> S {
        self.0.clone()
    }

    fn get_ref(&self) -> &S {
        &self.0
    }

    async fn later(&self) -> &S {
        std::future::ready(&self.0).await
    }

    #[cnode(blocking)]
    fn slowly(&self) -> &S {
        &self.0
    }
}

/// A namespace.
#[derive(Debug, Clone, Copy)]
struct Calc;

#[cnode_handler]
impl Calc {
    fn add(a: i64, b: i64) -> Option<i64> {
        a.checked_add(b)
    }
}

macro_rules! handlers {
    ($($name:ident: $type:ty = $value:expr;)*) => {$(
        #[cnode_handler]
        fn $name(argument: $type) -> $type {
            argument + $value
        }
    )*};
}
handlers! { plus_one: i64 = 1; plus_two: u8 = 2; }

fn functions(service: impl IntoService) -> Vec<String> {
    let functions = service.into_service().functions();
    functions.iter().map(|function| format!("{}/{}", function.name, function.arity)).collect()
}

fn assert_functions(service: impl IntoService, expected: impl Debug) {
    assert_eq!(format!("{:?}", functions(service)), format!("{expected:?}"));
}

fn main() {
    assert_functions(ping {}, ["ping/1"]);
    assert_functions(is_ready {}, ["is_ready?/0"]);
    assert_functions(r#type {}, ["type/4"]);
    assert_functions(call {}, ["call/3"]);
    assert_functions(slow {}, ["slow/1"]);
    assert_functions(opaque {}, ["opaque/0"]);
    assert_functions(old {}, ["old/0"]);
    assert_functions(plus_one {}, ["plus_one/1"]);
    assert_functions(plus_two {}, ["plus_two/1"]);
    let orders = [
        "add/1", "name/0", "zero/0", "rename/1", "later/0", "peek/0", "crunch/1", "crunch_name/1", "add/2", "match/1",
    ];
    assert_functions(Orders::new(), orders);
    assert_functions(Cell(1_i64), ["get/0", "get_ref/0", "later/0", "slowly/0"]);
    assert_functions(Calc, ["add/2"]);
    assert_eq!(ping {}.functions()[0].doc, "`{ping, Term}` is answered with `{pong, Term}`.");
}
