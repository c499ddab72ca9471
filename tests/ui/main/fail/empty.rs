#![allow(unused)]

nodex::main!();
