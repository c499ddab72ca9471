//! The drivers of established connections: a task or a thread.

mod clock;
mod outbox;
mod readers;
mod sys;
mod task;
pub(crate) mod thread;
mod ticker;
mod write_side;

pub use outbox::Outbox;
pub(crate) use readers::Readers;
pub(crate) use task::Link;
pub(crate) use ticker::Ticker;
pub(crate) use write_side::WriteSide;
