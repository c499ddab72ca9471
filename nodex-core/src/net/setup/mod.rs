//! From a name or a socket to an established connection.

mod accept;
mod connect;
mod locate;
mod memory;

pub(crate) use accept::accept;
pub use accept::{AcceptError, Gate};
pub use connect::ConnectError;
pub(crate) use connect::{Connected, Obstacle, Pauses, connect, connect_at, connect_by, connect_to_host, obstacle};
pub(crate) use locate::{Locate, publish};
pub(crate) use memory::in_memory;
