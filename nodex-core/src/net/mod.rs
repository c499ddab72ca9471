//! The only place that opens sockets.

mod outbox;

pub use outbox::Outbox;
