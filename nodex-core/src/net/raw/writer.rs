//! [`Writer`].

use std::{io, sync::Arc};

use crate::{
    net::conn::Outbox,
    protocol::{
        Flags,
        control::{Control, FrameForm, UnsupportedControl},
    },
};

/// The output of a [`Connection`](super::Connection). Clones write to the same connection; the frames of one call stay
/// together.
#[derive(Debug, Clone)]
pub struct Writer {
    outbox: Arc<Outbox>,
    flags: Flags,
}

impl Writer {
    pub(super) fn new(outbox: Arc<Outbox>, flags: Flags) -> Self {
        Writer { outbox, flags }
    }

    /// Returns how the frames of the connection begin, for [`control::frame_in`](crate::protocol::control::frame_in).
    pub fn form(&self) -> FrameForm {
        FrameForm::of(self.flags)
    }

    /// Writes one or more complete frames with their lengths. They are not checked, and not cut into fragments.
    ///
    /// Waits while the peer does not read. If the future is dropped, the rest is written with the next frames.
    ///
    /// # Errors
    /// Returns an error when the connection has ended.
    pub async fn send(&self, frames: &[u8]) -> io::Result<()> {
        self.outbox.send_as_they_are(frames);
        self.outbox.flush().await
    }

    /// Writes a control message with the operation that the peer understands, in fragments if it is long and the peer
    /// supports these.
    ///
    /// # Errors
    /// Returns an error when the peer understands no such operation, or the connection has ended.
    pub async fn control(&self, control: &Control<'_>) -> Result<(), SendError> {
        self.outbox.send(|out| control.encode(self.flags, out))?;
        Ok(self.outbox.flush().await?)
    }

    /// Writes a tick.
    ///
    /// # Errors
    /// Returns an error when the connection is gone.
    pub async fn tick(&self) -> io::Result<()> {
        self.send(&[0; 4]).await
    }
}

/// Why a control message was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer does not understand such a message.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedControl),
    /// The connection is gone.
    #[error("the connection failed")]
    Io(#[from] io::Error),
}
