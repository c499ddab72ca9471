//! One connection after its handshake: bytes in, frames out; frames in, bytes out. No sockets, no clocks, no threads.

mod end;
mod inbox;
mod intake;
mod limits;

pub use end::LinkEnd;
pub use inbox::{Batch, Inbox, Room, Together};
pub use intake::Intake;
pub use limits::LinkLimits;
