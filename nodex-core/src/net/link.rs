//! Drives one connection: one read, the messages in it, one write.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::AsyncReadExt,
    net::tcp::OwnedReadHalf,
    time::{Interval, MissedTickBehavior, interval_at},
};

use super::Outbox;
use crate::etf::Encoder;

/// The first size of the read buffer; it grows when a read fills it.
const READ_MIN: usize = 4 * 1024;
/// The largest size of the read buffer, larger single frames aside.
const READ_MAX: usize = 256 * 1024;
/// A frame announced to be longer than this gets room only as its bytes arrive.
const TRUSTED: usize = 1024 * 1024;
/// Replies are handed to the socket when they reach this size, also in the middle of a read.
const BATCH: usize = 256 * 1024;

/// Settings of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkLimits {
    /// The longest frame that is accepted, in bytes.
    pub max_frame: usize,
    /// Reading stops while more than this many bytes wait to be written.
    pub max_waiting: usize,
    /// Reading stops while more calls than this wait for their handlers.
    pub max_in_flight: usize,
    /// A peer from which nothing came for this long is taken for dead.
    pub tick_time: Duration,
}

impl Default for LinkLimits {
    /// Frames of 128 MiB, 1 MiB waiting, 8192 calls in flight, 60 s (OTP's `net_ticktime`).
    fn default() -> Self {
        LinkLimits {
            max_frame: 128 << 20,
            max_waiting: 1 << 20,
            max_in_flight: 8192,
            tick_time: Duration::from_secs(60),
        }
    }
}

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkEnd {
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// Nothing came for the tick time.
    #[error("nothing was heard from the peer for {0:?}")]
    TickTimeout(Duration),
    /// A frame is too long.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    FrameTooLong {
        /// Its announced length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A frame breaks the protocol.
    #[error("the peer broke the protocol: {0}")]
    Protocol(Box<str>),
    /// This side closed it.
    #[error("the connection was closed here")]
    Shutdown,
}

/// What is done with the messages of a link.
pub(crate) trait Receive: Send {
    /// One frame, without its length and never empty. `owner` holds it. Replies go to `out`.
    fn frame(&mut self, frame: &[u8], owner: &Bytes, out: &mut Encoder, waker: &Waker) -> Result<(), LinkEnd>;

    /// Goes on with calls that were not answered at once; their replies go to `out`.
    fn poll_later(&mut self, context: &mut Context<'_>, out: &mut Encoder);

    /// Calls that wait for their handlers.
    fn in_flight(&self) -> usize;

    /// True when the link is to end as soon as nothing is in flight and all is written.
    fn stopping(&mut self, context: &mut Context<'_>) -> bool;
}

/// One connection and what is done with its messages.
pub(crate) struct Link<R> {
    read: OwnedReadHalf,
    outbox: Arc<Outbox>,
    receive: R,
    limits: LinkLimits,
    buffer: BytesMut,
    /// How much the next read may take at least.
    want: usize,
    /// Whole frames that have not been handled yet.
    batch: Bytes,
    at: usize,
    out: Encoder,
    heard: bool,
    silent_quarters: u32,
    quarter: Interval,
}

impl<R: Receive> Link<R> {
    /// `rest` came behind the handshake.
    pub(crate) fn new(
        read: OwnedReadHalf,
        outbox: Arc<Outbox>,
        rest: &[u8],
        limits: LinkLimits,
        receive: R,
    ) -> Result<Self, LinkEnd> {
        let period = (limits.tick_time / 4).max(Duration::from_millis(1));
        let mut quarter = interval_at(tokio::time::Instant::now() + period, period);
        quarter.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut link = Link {
            read,
            outbox,
            receive,
            limits,
            buffer: BytesMut::from(rest),
            want: READ_MIN,
            batch: Bytes::new(),
            at: 0,
            out: Encoder::new(),
            heard: true,
            silent_quarters: 0,
            quarter,
        };
        link.next_batch()?;
        Ok(link)
    }

    /// Runs until the connection ends, and says why.
    pub(crate) async fn drive(mut self) -> LinkEnd {
        let end = std::future::poll_fn(|context| self.poll(context)).await;
        self.outbox.close();
        end
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<LinkEnd> {
        match self.poll_all(context) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    /// Does all that can be done now. What has to be waited for wakes this task.
    fn poll_all(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        self.outbox.register(context);
        if self.outbox.aborted() {
            return Err(LinkEnd::Shutdown);
        }
        loop {
            self.receive.poll_later(context, &mut self.out);
            self.handle_batch(context)?;
            self.outbox.submit(&mut self.out)?;
            let drained = self.outbox.poll_flush(context)?.is_ready();
            if self.at < self.batch.len() {
                if self.congested() {
                    break;
                }
                continue;
            }
            if self.receive.stopping(context) && self.receive.in_flight() == 0 && drained {
                return Err(LinkEnd::Shutdown);
            }
            if self.congested() || !self.poll_read(context)? {
                break;
            }
        }
        self.poll_quarter(context)
    }

    fn congested(&self) -> bool {
        self.outbox.waiting() > self.limits.max_waiting || self.receive.in_flight() >= self.limits.max_in_flight
    }

    /// Handles the frames of the batch until it ends or too much waits.
    fn handle_batch(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        while self.at < self.batch.len() && !self.congested() {
            let frame = self.at + 4;
            // The batch holds whole frames only.
            let length = frame_length(&self.batch[self.at..]).unwrap_or(0);
            self.at = frame + length;
            if length == 0 {
                // Answered, as `ei` does: the peer may expect ticks more often than our own tick time says.
                self.outbox.answer_tick()?;
                continue;
            }
            let bytes = &self.batch[frame..frame + length];
            self.receive.frame(bytes, &self.batch, &mut self.out, context.waker())?;
            if self.out.len() > BATCH {
                self.outbox.submit(&mut self.out)?;
            }
        }
        if self.at == self.batch.len() && self.at > 0 {
            // Lets the read buffer be used again.
            self.batch = Bytes::new();
            self.at = 0;
        }
        Ok(())
    }

    /// One read; false when there is nothing to read now.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Result<bool, LinkEnd> {
        self.make_room()?;
        let room = self.buffer.capacity() - self.buffer.len();
        match pin!(self.read.read_buf(&mut self.buffer)).poll(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Poll::Ready(Err(error)) => Err(error.into()),
            Poll::Ready(Ok(0)) => Err(LinkEnd::Closed),
            Poll::Ready(Ok(count)) => {
                self.heard = true;
                if count == room {
                    self.want = (self.want * 2).min(READ_MAX);
                }
                self.next_batch()?;
                Ok(true)
            }
        }
    }

    /// Room for the next read: the rest of a frame that has begun, as far as it is to be believed, or some more.
    fn make_room(&mut self) -> Result<(), LinkEnd> {
        let have = self.buffer.len();
        let rest = match frame_length(&self.buffer) {
            Some(length) => (4 + length).saturating_sub(have).min(TRUSTED.max(have)),
            None => 0,
        };
        self.buffer.reserve(self.want.max(rest));
        Ok(())
    }

    /// Cuts the whole frames off the buffer.
    fn next_batch(&mut self) -> Result<(), LinkEnd> {
        let mut end = 0;
        while let Some(length) = frame_length(&self.buffer[end..]) {
            if length > self.limits.max_frame {
                return Err(LinkEnd::FrameTooLong { length, limit: self.limits.max_frame });
            }
            if self.buffer.len() - end - 4 < length {
                break;
            }
            end += 4 + length;
        }
        if end > 0 {
            self.batch = self.buffer.split_to(end).freeze();
            self.at = 0;
        }
        Ok(())
    }

    /// Counts quarters of the tick time without a byte from the peer, and gives back memory that is not in use.
    fn poll_quarter(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        while Pin::new(&mut self.quarter).poll_tick(context).is_ready() {
            if std::mem::take(&mut self.heard) {
                self.silent_quarters = 0;
                continue;
            }
            self.want = READ_MIN;
            if self.buffer.is_empty() && self.batch.is_empty() && self.buffer.capacity() > READ_MIN {
                self.buffer = BytesMut::new();
            }
            // While reading is stopped for the peer's own slowness, its silence means nothing.
            if !self.congested() {
                self.silent_quarters += 1;
            }
            if self.silent_quarters > 4 {
                return Err(LinkEnd::TickTimeout(self.limits.tick_time));
            }
        }
        Ok(())
    }
}

/// The length of the frame that starts here, if four bytes are there.
#[inline]
fn frame_length(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().map(|length| u32::from_be_bytes(*length) as usize)
}
