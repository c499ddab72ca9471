//! The input of a connection, for receivers that take one frame at a time.

use bytes::Bytes;

use crate::protocol::control::{self, Control, ControlError, Op};

/// One item of the input of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incoming {
    /// A tick, which only shows that the peer is alive.
    Tick,
    /// A control message, with its payload if it has one. A message in fragments is reassembled.
    Frame(Frame),
    /// A frame over [`LinkLimits::max_frame`](super::LinkLimits::max_frame), or a message in fragments over
    /// [`LinkLimits::max_message`](super::LinkLimits::max_message), which is skipped.
    TooLong {
        /// Its first bytes, some thousands: enough for [`control::decode`] to recognize the operation.
        head: Bytes,
        /// Its length in bytes.
        length: u64,
    },
}

/// A frame without its length field: at least one byte. It shares the memory of the frames that were read together with
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// Creates a frame of these bytes.
    pub fn new(bytes: Bytes) -> Self {
        Frame(bytes)
    }

    /// Returns all of its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Returns its control message.
    ///
    /// # Errors
    /// Returns an error when it is not a known control message; [`ControlError::closes_connection`] tells whether the
    /// connection must be closed.
    pub fn control(&self) -> Result<(Op, Control<'_>), ControlError> {
        control::decode(&self.0)
    }

    /// Returns a part of the frame, such as the payload in a [`Control`], without a copy.
    ///
    /// # Panics
    /// Panics when `part` is not a slice of this frame.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.0.slice_ref(part)
    }
}
