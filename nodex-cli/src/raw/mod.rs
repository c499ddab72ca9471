//! What commands need that see each signal of a connection ([`nodex_core::net::raw`]): a name in an epmd, a socket that
//! listens, and the signals as values.

mod epmd;
mod host;
mod signal;

pub(crate) use epmd::Epmd;
pub(crate) use host::Host;
pub(crate) use signal::{Heard, Signal, To, ended, write};
