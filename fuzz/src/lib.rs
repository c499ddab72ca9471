//! What the fuzzer runs, and what the tests of `nodex-core` replay without it.

pub mod targets;
