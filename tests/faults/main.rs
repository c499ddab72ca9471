//! What breaks without anybody's ill will: epmd, BEAMs, the network, the machine. What was acknowledged is done, everything
//! else fails and says why, and when the fault is over all goes on.

#[path = "../adversary/mod.rs"]
mod adversary;
#[path = "../support/mod.rs"]
mod support;
#[path = "../interop/world.rs"]
#[allow(dead_code)] // The tests of faults take a part of it.
mod world;

mod beams;
mod ledger;
mod machine;
mod namespaces;
mod network;
mod proxy;
mod wire;
