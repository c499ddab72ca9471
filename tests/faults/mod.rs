//! What breaks without anybody's ill will: epmd, BEAMs, the network, the machine. What was acknowledged is done, everything
//! else fails and says why, and when the fault is over all goes on.

mod beams;
mod ledger;
mod machine;
mod namespaces;
mod network;
mod proxy;
mod wire;
