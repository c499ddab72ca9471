//! This command as a node: hidden, not registered anywhere, gone when the command ends.

mod connection;
mod cookie;
mod failures;
mod join;
mod names;
mod rex;

pub(crate) use connection::Client;
pub(crate) use cookie::{Origin, cookie, cookie_of_erl, cookie_or_random, cookie_origin, read_cookie};
pub(crate) use failures::{call_failure, epmd_failure};
pub(crate) use join::is_taken;
pub(crate) use names::{full_name, host_name, no_name_is_free, own_name, own_name_to, own_names};
pub(crate) use rex::badrpc;
