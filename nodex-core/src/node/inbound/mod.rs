//! Input from peers: messages to services, calls, signals and requests to spawn.

mod apply;
mod connection;
mod dispatch;
mod draining;
mod envelope;
mod exits;
mod forms;
mod global;
mod pending_calls;
mod rex;
mod run;
mod service_ends;
mod signals;
mod spawn_request;
mod sys;
mod sys_state;
mod sys_status;
mod too_long;

pub(in crate::node) use connection::Dispatch;
