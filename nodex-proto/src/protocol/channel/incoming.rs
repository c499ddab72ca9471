//! What comes over a connection, for those who take it one by one.

use bytes::Bytes;

use crate::protocol::control::{self, Control, ControlError, Op};

/// What came over a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incoming {
    /// A sign of life, nothing else.
    Tick,
    /// A control message, with its payload if it has one. One that came in fragments is put together.
    Frame(Frame),
    /// A frame over [`LinkLimits::max_frame`](super::LinkLimits::max_frame), or a message in fragments over
    /// [`LinkLimits::max_message`](super::LinkLimits::max_message), which is skipped.
    TooLong {
        /// Its first bytes, some thousand of them: enough for [`control::decode`] to tell what it was.
        head: Bytes,
        /// How long it is.
        length: u64,
    },
}

/// A frame without its length: at least one byte. It shares the memory of what was read together with it.
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

    /// What it says.
    ///
    /// # Errors
    /// Returns an error when it is no control message that is understood; [`ControlError::closes_connection`] tells
    /// whether what follows it can be trusted.
    pub fn control(&self) -> Result<(Op, Control<'_>), ControlError> {
        control::decode(&self.0)
    }

    /// Returns a part of it, such as the payload in a [`Control`], without a copy.
    ///
    /// # Panics
    /// Panics when `part` is no slice of this frame.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.0.slice_ref(part)
    }
}
