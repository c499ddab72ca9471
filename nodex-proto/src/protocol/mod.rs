//! The distribution protocol, without sockets, clocks or randomness.
//!
//! The caller passes in the bytes that were read, the time and random numbers, and writes the bytes that are returned.
//! The protocol is specified in ERTS User's Guide, "Distribution Protocol". Where OTP 23 to 29 differ from it, this
//! module does what they do.
//!
//! | module | contents |
//! |---|---|
//! | [`handshake`] | both sides of the handshake, as state machines |
//! | [`control`] | control messages: the terms with which nodes send messages and signals |
//! | [`channel`] | an established connection: frames, flow control, ticks, the end |
pub mod channel;
pub mod control;
pub mod handshake;

mod cookie;
mod flags;
mod names;

pub use control::{Control, ControlError};
pub use cookie::{Cookie, CookieError};
pub use flags::Flags;
pub use names::{NameError, NodeName, ProcessName};
