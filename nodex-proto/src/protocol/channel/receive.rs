//! The receiver of the messages of a connection.

use std::task::{Context, Waker};

use bytes::Bytes;

use super::{LinkEnd, Together};
use crate::etf::Encoder;

/// The input of a connection that has not been answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls that wait for their handlers.
    pub calls: usize,
    /// Bytes of messages that these calls keep in memory.
    pub calls_bytes: usize,
    /// Bytes of replies that wait for their turn behind those of calls.
    pub replies_bytes: usize,
}

/// The data that is passed with a frame: two words, so that it is passed in registers.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The input of which the frame is a slice.
    pub read: &'a Together,
    /// Wakes the driver of the connection.
    pub waker: &'a Waker,
}

impl<'a> Input<'a> {
    /// Returns the owner of the frame's memory.
    #[inline(always)]
    pub fn owner(&self) -> &'a Bytes {
        &self.read.bytes
    }
}

/// The result of handling a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The frame has been handled completely.
    Handled,
    /// The frame may have added to the [`Load`].
    Kept,
    /// The frame is a [`Fragment`](crate::protocol::control::Fragment), which the channel handles. The complete message
    /// is passed in as a frame.
    Fragment,
}

/// The receiver of the messages of a [`Channel`](super::Channel).
pub trait Receive: Send {
    /// Handles one frame, without its length and never empty. Replies go to `out`. `HEADER` says whether the frames of
    /// this connection have [the form](crate::protocol::control::FrameForm) with a header, which is the same for all of
    /// them.
    ///
    /// # Errors
    /// Returns an error when the connection must end.
    fn frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd>;

    /// Handles one frame while the node is stopping. `late` says that the frame arrived after the stop was requested.
    ///
    /// # Errors
    /// Returns an error when the connection must end.
    fn last_frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        late: bool,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd>;

    /// Handles a tick. Returns whether it must be answered: the peer may expect ticks more often than our own tick time
    /// says.
    fn tick(&mut self) -> bool {
        true
    }

    /// Continues the calls that were not answered at once. Their replies go to `out`, and are submitted when there are
    /// many. Also writes the signals that the peer must receive, as far as there is room.
    ///
    /// # Errors
    /// Returns an error when the connection must end.
    fn poll_later(&mut self, context: &mut Context<'_>, out: &mut Encoder) -> Result<(), LinkEnd>;

    /// Returns `true` when more signals must be written as soon as there is room.
    fn has_news(&self) -> bool;

    /// Handles a frame, or a message in fragments, that exceeds a limit. `head` is the part that was kept, as the
    /// beginning of a frame. Replies go to `out`.
    ///
    /// # Errors
    /// Returns an error when the connection must end, for example if `head` is not the beginning of a frame.
    fn too_long(&mut self, head: &[u8], length: u64, limit: usize, out: &mut Encoder) -> Result<(), LinkEnd>;

    /// Returns the input that waits for handlers.
    fn load(&self) -> Load;

    /// Returns `true` while there is no other connection, so that nobody waits while this one is served.
    fn alone(&self) -> bool;

    /// Returns `true` when the connection must end as soon as all output is written: the node is stopping, and none of
    /// its calls runs any more. `drained` says that the input from before the stop was requested has been handled.
    fn may_end(&mut self, context: &mut Context<'_>, drained: bool) -> bool;
}
