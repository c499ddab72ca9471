//! Connections: how they are made, and what drives them.

mod accept;
mod connect;
mod inbox;
mod intake;
mod keeper;
mod link;
mod locate;
mod memory;
mod outbox;
mod random;
pub(crate) mod reader;
mod silence;
mod sys;
mod write_side;

pub use accept::AcceptError;
pub(crate) use accept::{Gate, accept};
pub use connect::ConnectError;
pub(crate) use connect::{Connected, Obstacle, Pauses, connect, connect_by, connect_to_host, obstacle};
use inbox::Inbox;
pub(crate) use inbox::Together;
pub(crate) use keeper::Keeper;
pub(crate) use link::{BATCH, Input, Link, Load, Receive, Taken};
pub use link::{LinkEnd, LinkLimits};
pub(crate) use locate::{Locate, publish};
pub(crate) use memory::in_memory;
pub use outbox::Outbox;
pub(crate) use random::random_bits;
#[doc(hidden)]
pub use random::random_challenge;
pub(crate) use write_side::WriteSide;
