//! What goes out.

use std::{io, sync::Arc};

use crate::{
    net::conn::Outbox,
    protocol::{
        Flags,
        control::{Control, FrameForm, UnsupportedControl},
    },
};

/// The output of a [`Connection`](super::Connection). Clones write to the same connection, at the same time if they like:
/// what each sends stays in one piece.
#[derive(Debug, Clone)]
pub struct Writer {
    outbox: Arc<Outbox>,
    flags: Flags,
}

impl Writer {
    pub(super) fn new(outbox: Arc<Outbox>, flags: Flags) -> Self {
        Writer { outbox, flags }
    }

    /// How the frames of the connection begin, for [`control::frame_in`](crate::protocol::control::frame_in).
    pub fn form(&self) -> FrameForm {
        FrameForm::of(self.flags)
    }

    /// Writes whole frames with their lengths, one or many. They are not looked at, so they may be wrong, and none is cut
    /// into fragments.
    ///
    /// A peer that does not read holds this up. If it is given up meanwhile, what it has not written is written with what
    /// is sent next.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&self, frames: &[u8]) -> io::Result<()> {
        self.outbox.send_as_they_are(frames);
        self.outbox.flush().await
    }

    /// Writes a control message, in the words that the peer knows, and in fragments if it is long and the peer knows these.
    ///
    /// # Errors
    /// When the peer knows none, or the connection is gone.
    pub async fn control(&self, control: &Control<'_>) -> Result<(), SendError> {
        self.outbox.send(|out| control.encode(self.flags, out))?;
        Ok(self.outbox.flush().await?)
    }

    /// Writes a tick, a sign of life.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn tick(&self) -> io::Result<()> {
        self.send(&[0; 4]).await
    }
}

/// Why a control message was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer does not know how to be told this.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedControl),
    /// The connection is gone.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
}
