//! One connection after its handshake: bytes in, frames out; frames in, bytes out. No sockets, no clocks, no threads.

mod end;
mod idle;
mod inbox;
mod incoming;
mod intake;
mod limits;

pub use end::LinkEnd;
pub use idle::Idle;
pub use inbox::{Batch, Inbox, Room, Together};
pub use incoming::{Frame, Incoming};
pub use intake::Intake;
pub use limits::LinkLimits;
