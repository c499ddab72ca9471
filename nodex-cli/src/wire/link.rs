//! One connection: frames out, signals in.

use std::{io, time::Duration};

use bytes::BytesMut;
use nodex_core::protocol::{Frame, FrameError, Frames, handshake};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, timeout_at},
};

use super::{Signal, signal};

/// The longest frame that is accepted: a message of 64 MiB and what is around it.
const LONGEST: usize = 80 << 20;

/// An established connection with the node `peer`.
pub(crate) struct Link {
    pub(crate) peer: handshake::Peer,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
}

/// What came over a connection.
#[derive(Debug)]
pub(crate) enum Heard {
    Tick,
    Signal(Signal),
}

/// Why nothing comes over a connection any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("it closed the connection")]
    Closed,
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    #[error("it broke the protocol: {0}")]
    Frame(#[from] FrameError),
}

impl Link {
    pub(crate) fn new(socket: TcpStream, peer: handshake::Peer, rest: &[u8]) -> Link {
        let (read, write) = socket.into_split();
        Link { peer, reader: Reader { half: read, buffer: rest.into() }, writer: Writer { half: write } }
    }
}

/// What comes in.
pub(crate) struct Reader {
    half: OwnedReadHalf,
    buffer: BytesMut,
}

impl Reader {
    /// The next frame. Nothing is lost when it is cancelled.
    ///
    /// # Errors
    /// When no more can come.
    pub(crate) async fn next(&mut self) -> Result<Heard, LinkError> {
        loop {
            let mut frames = Frames::new(&self.buffer, LONGEST);
            if let Some(frame) = frames.next()? {
                let taken = frames.position();
                let is_tick = matches!(frame, Frame::Tick);
                let frame = self.buffer.split_to(taken).freeze();
                return Ok(if is_tick { Heard::Tick } else { Heard::Signal(signal::read(&frame.slice(4..))) });
            }
            if self.half.read_buf(&mut self.buffer).await? == 0 {
                return Err(LinkError::Closed);
            }
        }
    }

    /// The same until `deadline`; `None` when nothing came.
    pub(crate) async fn next_by(&mut self, deadline: Instant) -> Result<Option<Heard>, LinkError> {
        timeout_at(deadline, self.next()).await.ok().transpose()
    }
}

/// What goes out.
pub(crate) struct Writer {
    half: OwnedWriteHalf,
}

impl Writer {
    /// How long a peer that does not read may hold up what is written.
    const STUCK: Duration = Duration::from_secs(30);

    /// Writes whole frames.
    ///
    /// # Errors
    /// When the connection is gone or stuck.
    pub(crate) async fn send(&mut self, frames: &[u8]) -> io::Result<()> {
        let written = tokio::time::timeout(Writer::STUCK, self.half.write_all(frames));
        written.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// A sign of life.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) async fn tick(&mut self) -> io::Result<()> {
        self.send(&[0; 4]).await
    }
}
