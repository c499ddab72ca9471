//! Start protocols.

use std::ffi::OsString;

/// A start protocol: how a node receives its name, and how it reports that it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// The arguments are `<sname> <hostname> <cookie> <tname>`; the node connects to `tname@hostname` and then prints
    /// `<node> ready`.
    #[default]
    Nodex,
    /// The arguments are `<hostname> <sname> <node> <creation>`, and the cookie is in `BUNDLEX_ERLANG_COOKIE`; the node
    /// listens, registers with epmd and prints `ready`, and the host connects to it.
    Bundlex,
    /// Only these arguments are passed; the node is ready when a node of its name is connected.
    Plain {
        /// The whole command line.
        args: Vec<OsString>,
    },
}
