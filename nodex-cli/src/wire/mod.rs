//! Connections as bytes and control messages: for commands that have to see, and to do, what a node of the library
//! keeps to itself.

mod epmd;
mod frame;
mod host;
mod link;
mod shake;
mod signal;

pub(crate) use epmd::Epmd;
pub(crate) use frame::frame;
pub(crate) use host::{Host, host_error};
pub(crate) use link::{Heard, Link, Writer};
pub(crate) use shake::{ShakeError, accept, dial};
pub(crate) use signal::{Signal, To};
