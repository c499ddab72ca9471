//! What drives an established connection: a task or a thread.

mod outbox;
mod silence;
mod sys;
mod task;
pub(crate) mod thread;
mod ticker;
mod write_side;

pub use outbox::Outbox;
pub(crate) use task::{BATCH, Input, Link, Load, Receive, Taken};
pub(crate) use ticker::Ticker;
pub(crate) use write_side::WriteSide;
