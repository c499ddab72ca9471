#![allow(unused)]

use nodex::prelude::*;

#[cnode_handler]
fn ping() {}

const NAME: &str = "orders";

nodex::main!(ping, "twice" => ping, "twice" => ping, "" => ping, NAME => ping, stat = 5, "lonely", ping ping, "x" =>);
