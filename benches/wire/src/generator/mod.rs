//! The raw generator: a host that starts node executables and talks to them in frames that it writes itself.

pub(crate) mod aloud;
pub(crate) mod beam;
pub(crate) mod cores;
pub(crate) mod frames;
pub(crate) mod handshake;
pub mod host;
pub(crate) mod line;
pub(crate) mod process;
