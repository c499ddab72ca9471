//! One connection after its handshake, without IO: when input is handled, when output is written, and when the
//! connection ends. There are no sockets, clocks or threads in this module.
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
//! The driver of a channel reads into the [`Inbox`], lets the [`Channel`] handle its frames, and waits for the event
//! that the channel needs next (room to write, a call, a time). It passes in the time, which counts from any fixed
//! moment. A task and a thread of `net` are drivers, and so are the tests here, which join two channels in memory and
//! set the clock themselves.
//!
//! The parts can have several owners: a thread that waits in a read owns the inbox, the [`Output`] is behind a lock
//! because there are many senders, and the owner of the timers has [`Life`] and [`Idle`].

mod assembly;
mod breach;
#[expect(clippy::module_inception)] // The module is about this type.
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
