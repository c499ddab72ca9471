//! What is done with the messages of a connection.

use std::task::{Context, Waker};

use bytes::Bytes;

use super::{LinkEnd, Together};
use crate::etf::Encoder;

/// What a connection has taken in and not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls that wait for their handlers.
    pub calls: usize,
    /// Bytes of messages that these keep in memory.
    pub calls_bytes: usize,
    /// Bytes of replies that wait for their turn behind those of calls.
    pub replies_bytes: usize,
}

/// What frames come with. Two words, so that it is passed on in registers.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What was read together, of which the frame is a slice.
    pub read: &'a Together,
    /// Wakes whoever drives the connection.
    pub waker: &'a Waker,
}

impl<'a> Input<'a> {
    /// What keeps the frame in memory.
    #[inline(always)]
    pub fn owner(&self) -> &'a Bytes {
        &self.read.bytes
    }
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is done with.
    Handled,
    /// It may have added to the [`Load`].
    Kept,
    /// It is a [`Fragment`](crate::protocol::control::Fragment), which is for the channel. The whole message will come as a
    /// frame.
    Fragment,
}

/// What a [`Channel`](super::Channel) hands the messages to that come.
pub trait Receive: Send {
    /// One frame, without its length and never empty. Replies go to `out`. `HEADER` says that the frames of this connection
    /// have [the form](crate::protocol::control::FrameForm) with a header: the same for all of them.
    ///
    /// # Errors
    /// Returns an error when the connection has to end.
    fn frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd>;

    /// Returns the same when the node is to end. `late` says that the frame came after that was asked for.
    ///
    /// # Errors
    /// Returns an error when the connection has to end.
    fn last_frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        late: bool,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd>;

    /// A tick. Returns whether it is to be answered: the peer may expect ticks more often than our own tick time says.
    fn tick(&mut self) -> bool {
        true
    }

    /// Goes on with calls that were not answered at once; their replies go to `out`, and are handed on when there are
    /// many. The same for what the peer has to be told, as far as there is room.
    ///
    /// # Errors
    /// Returns an error when the connection has to end.
    fn poll_later(&mut self, context: &mut Context<'_>, out: &mut Encoder) -> Result<(), LinkEnd>;

    /// Returns `true` when more has to be told as soon as there is room.
    fn has_news(&self) -> bool;

    /// A frame, or a message in fragments, that is over a limit: all of its head that is kept, as the beginning of a frame.
    /// Replies go to `out`.
    ///
    /// # Errors
    /// Returns an error when the connection has to end, as it has if that is no beginning of a frame.
    fn too_long(&mut self, head: &[u8], length: u64, limit: usize, out: &mut Encoder) -> Result<(), LinkEnd>;

    /// What waits for handlers.
    fn load(&self) -> Load;

    /// Returns `true` while there is no other connection, so that nobody waits while this one is served.
    fn alone(&self) -> bool;

    /// Returns `true` when the connection is to end as soon as all is written: the node is to end, and nothing of it
    /// runs any more. `drained` says that all that was there when this was asked for has been handled.
    fn may_end(&mut self, context: &mut Context<'_>, drained: bool) -> bool;
}
