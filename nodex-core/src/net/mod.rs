//! The only place that opens sockets.

mod connect;
mod keeper;
mod link;
mod outbox;
mod port_mapper;

pub use connect::ConnectError;
pub(crate) use connect::{Connected, connect, random_bits};
pub(crate) use keeper::Keeper;
pub(crate) use link::{Link, Receive};
pub use link::{LinkEnd, LinkLimits};
pub use outbox::Outbox;
