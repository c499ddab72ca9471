#![allow(unused)]

fn helper() {}

nodex::main!(helper, missing);
