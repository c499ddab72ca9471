//! One connection after its handshake, without IO: what comes in and when, what goes out and when, and when it is over. No
//! sockets, no clocks, no threads.
//!
//! ```text
//!   bytes --> Inbox --> frames --> Channel --> Receive (handlers)
//!             (cuts)               (flow, turns,   |
//!                                   stop, end)     | replies
//!   bytes <-- Output <-----------------------------+
//!             (bounds, ticks)
//!   times --> Life (is the peer alive?)   Idle (is a tick due?)
//! ```
//!
//! Whoever drives a channel reads into the [`Inbox`], has the [`Channel`] handle what is in it, waits for what it is told to
//! wait for (room to write, a call, a time), and hands in the time, which counts from a moment of its choice. A task and a
//! thread of `net` do this, and the tests here, which join two channels in memory and move a clock by hand.
//!
//! The parts can be in several hands: the inbox in those of a thread that waits in a read, the [`Output`] behind a lock, as
//! many send, and [`Life`] and [`Idle`] where the timers are.

#[expect(clippy::module_inception)] // It is what the module is about.
mod channel;
mod end;
mod idle;
mod inbox;
mod incoming;
mod intake;
mod life;
mod limits;
mod output;
mod quiet;
mod receive;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::time::Duration;

pub use channel::{Channel, Handled, Transmit};
pub use end::LinkEnd;
pub use idle::Idle;
pub use inbox::{Batch, Inbox, Room, Together};
pub use incoming::{Frame, Incoming};
pub use intake::Intake;
pub use life::Life;
pub use limits::LinkLimits;
pub use output::Output;
use quiet::Quiet;
pub use receive::{Input, Load, Receive, Taken};

/// Buffers for output that are larger than this are given back once they are empty.
pub const KEEP: usize = 512 * 1024;

/// So much is kept while nothing is written.
pub const KEEP_IDLE: usize = 4 * 1024;

/// Replies are handed to the output when they reach this size, also in the middle of a read. More than a read of small
/// messages makes, since each write wakes the peer, which costs as much as a hundred messages.
pub const BATCH: usize = KEEP - 16 * 1024;

/// How long a peer that was told that nothing more comes may take to hang up.
pub const FAREWELL: Duration = Duration::from_millis(500);
