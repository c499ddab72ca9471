//! One connection after its handshake, without IO: what comes in and when, what goes out and when, and when it is over. No
//! sockets, no clocks, no threads.
//!
//! ```text
//!   bytes --> Inbox --> frames --> Channel --> Receive (handlers)
//!             (cuts)               (flow, turns,   |
//!                                   stop, end,     |
//!                                   Assembly of    |
//!                                   fragments)     | replies
//!   bytes <-- Output <-----------------------------+
//!             (bounds, ticks, Lanes of messages in fragments)
//!   times --> Life (is the peer alive?)   Idle (is a tick due?)
//! ```
//!
//! Whoever drives a channel reads into the [`Inbox`], has the [`Channel`] handle what is in it, waits for what it is told to
//! wait for (room to write, a call, a time), and hands in the time, which counts from a moment of its choice. A task and a
//! thread of `net` do this, and the tests here, which join two channels in memory and move a clock by hand.
//!
//! The parts can be in several hands: the inbox in those of a thread that waits in a read, the [`Output`] behind a lock, as
//! many send, and [`Life`] and [`Idle`] where the timers are.

mod assembly;
mod breach;
#[expect(clippy::module_inception)] // It is what the module is about.
mod channel;
mod end;
mod idle;
mod inbox;
mod incoming;
mod intake;
mod lanes;
mod life;
mod limits;
mod output;
mod pair;
mod quiet;
mod receive;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use breach::ProtocolError;
pub use channel::{Channel, Handled, Transmit};
pub use end::LinkEnd;
pub use idle::Idle;
pub use inbox::{Batch, Inbox, Room, Together};
pub use incoming::{Frame, Incoming};
pub use intake::Intake;
pub use life::Life;
pub use limits::{BATCH, FAREWELL, KEEP, KEEP_IDLE, LinkLimits};
pub use output::Output;
pub use pair::{Owners, ProcessNumber};
use quiet::Quiet;
pub use receive::{Input, Load, Receive, Taken};
