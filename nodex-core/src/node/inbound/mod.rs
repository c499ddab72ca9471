//! What peers send: messages to services, calls, signals and requests to spawn.

pub(in crate::node) mod dispatch;
pub(in crate::node) mod exits;
pub(in crate::node) mod forms;
pub(in crate::node) mod global;
pub(in crate::node) mod pending_calls;
pub(in crate::node) mod rex;
pub(in crate::node) mod signals;
pub(in crate::node) mod spawn_request;
pub(in crate::node) mod sys;
pub(in crate::node) mod too_long;
