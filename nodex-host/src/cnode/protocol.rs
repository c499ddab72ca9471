//! Start protocols: how a node is told its name, and how it says that it is ready.

use std::ffi::OsString;

/// How a node is told its name and how it says that it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// Arguments `<sname> <hostname> <cookie> <tname>`; it connects to `tname@hostname` and then prints `<node> ready`.
    #[default]
    Nodex,
    /// Arguments `<hostname> <sname> <node> <creation>`, the cookie in `BUNDLEX_ERLANG_COOKIE`; it listens, registers
    /// in epmd, prints `ready`, and is connected to.
    Bundlex,
    /// These arguments and nothing else; it is ready when a node of its name is connected.
    Plain {
        /// The whole command line.
        args: Vec<OsString>,
    },
}
