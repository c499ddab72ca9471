#![allow(unused)]

nodex::main!(state = 5_u64);
