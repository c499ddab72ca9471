//! The distribution protocol as bytes and decisions: no sockets, no clocks, no randomness.
//!
//! Whoever drives it hands in the bytes that were read, the time, and the random numbers, and
//! writes out the bytes that come back. The spec is the chapter "Distribution Protocol" of the
//! ERTS User's Guide; where OTP 23 to 29 differ from it, what they do is what is done here.
pub mod channel;
pub mod control;
pub mod handshake;

mod cookie;
mod flags;

pub use control::{Control, ControlError};
pub use cookie::{Cookie, CookieError};
pub use flags::Flags;
