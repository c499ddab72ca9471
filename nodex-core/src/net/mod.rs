//! Connections between nodes: the limits of each, why they end, and connections for tools ([`raw`]).

mod conn;
pub mod raw;
mod setup;

pub use conn::Outbox;
pub(crate) use conn::{Link, Readers, Ticker, WriteSide, thread};
pub use setup::{AcceptError, ConnectError};
pub(crate) use setup::{
    Connected, Gate, Locate, Obstacle, Pauses, accept, connect, connect_by, connect_to_host, in_memory, obstacle,
    publish,
};

pub(crate) use crate::protocol::channel::{BATCH, Input, Load, Receive, Taken, Together};
pub use crate::protocol::channel::{LinkEnd, LinkLimits, ProtocolError};
