//! The only place that opens sockets.

mod accept;
mod connect;
mod keeper;
mod link;
mod outbox;
mod port_mapper;

pub use accept::AcceptError;
pub(crate) use accept::{Gate, accept};
pub use connect::ConnectError;
pub(crate) use connect::{Connected, connect, random_bits};
pub(crate) use keeper::Keeper;
pub(crate) use link::{Link, Receive};
pub use link::{LinkEnd, LinkLimits};
pub use outbox::Outbox;
pub use port_mapper::PublishError;
pub(crate) use port_mapper::{port as default_epmd_port, publish};
