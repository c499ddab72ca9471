//! [`Connection`].

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

use super::{Writer, collector::Collector};
use crate::{
    net::conn::{Link, Outbox, WriteSide},
    protocol::{
        channel::{Idle, Incoming, LinkEnd, LinkLimits},
        control::FrameForm,
        handshake::{Established, GivenName, PeerIdentity},
    },
};

/// An established connection with another node. Dropping it closes the connection.
pub struct Connection {
    peer: PeerIdentity,
    given: Option<GivenName>,
    link: Link<Collector>,
    outbox: Arc<Outbox>,
    writer: Writer,
    ticks: Ticks,
    end: Option<LinkEnd>,
}

/// When the next tick is due.
#[derive(Debug)]
struct Ticks {
    start: Instant,
    quarter: Duration,
    idle: Idle,
    timer: Pin<Box<Sleep>>,
    on: bool,
}

impl Connection {
    /// Creates a connection from a socket whose handshake is complete. Must be called in a tokio runtime. The limits
    /// for handlers have no effect.
    pub fn new(socket: TcpStream, established: Established, limits: LinkLimits) -> Self {
        let Established { peer, given, rest } = established;
        let (read, write) = socket.into_split();
        let form = FrameForm::of(peer.negotiated);
        let outbox = Arc::new(Outbox::new(WriteSide::Task(write), limits.max_waiting).in_form(form, &limits));
        let collector = Collector::new();
        // One by one: input that is not requested stays with the peer.
        let limits = limits.max_in_flight(1);
        let link = Link::new(read, outbox.clone(), &rest, (limits, form), collector);
        let writer = Writer::new(outbox.clone(), peer.negotiated);
        Connection { peer, given, link, outbox, writer, ticks: Ticks::new(limits.tick_time), end: None }
    }

    /// Returns the node at the other end.
    pub fn peer(&self) -> &PeerIdentity {
        &self.peer
    }

    /// Returns the name that the peer gave to this side, if this side asked for one.
    pub fn given(&self) -> Option<&GivenName> {
        self.given.as_ref()
    }

    /// Returns the output. A clone of it can write while [`Self::next`] waits.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Sets whether ticks are sent and answered while [`Self::next`] waits, which is the default. Without it, send
    /// ticks with [`Writer::tick`].
    pub fn set_ticks(&mut self, on: bool) {
        self.ticks.on = on;
        self.link.receive_mut().answers_ticks = on;
    }

    /// Waits for the next input. Cancel safe: nothing is lost.
    ///
    /// # Errors
    /// Returns an error when the connection has ended and all earlier input was returned.
    pub async fn next(&mut self) -> Result<Incoming, LinkEnd> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Polls for the next input, as [`Self::next`] waits for it.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Incoming, LinkEnd>> {
        loop {
            if let Some(incoming) = self.link.receive_mut().take() {
                return Poll::Ready(Ok(incoming));
            }
            if let Some(end) = &self.end {
                return Poll::Ready(Err(end.clone()));
            }
            let polled = self.link.poll(context).and_then(|()| Ok(self.ticks.poll(&self.outbox, context)?));
            match polled {
                Err(end) => {
                    self.outbox.close();
                    self.end = Some(end);
                }
                Ok(()) if self.link.receive_mut().is_empty() => return Poll::Pending,
                Ok(()) => {}
            }
        }
    }

    /// Closes the connection once all output is written and, if the peer reads, has reached it. Further input is
    /// dropped.
    pub async fn close(mut self) {
        if self.end.is_none() && self.outbox.flush().await.is_ok() {
            self.link.farewell().await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("peer", &self.peer).field("end", &self.end).finish_non_exhaustive()
    }
}

impl Ticks {
    fn new(tick_time: Duration) -> Self {
        let quarter = (tick_time / 4).max(Duration::from_millis(1));
        let idle = Idle::new(0, Duration::ZERO);
        Ticks { start: Instant::now(), quarter, idle, timer: Box::pin(sleep(quarter)), on: true }
    }

    fn poll(&mut self, outbox: &Outbox, context: &mut Context<'_>) -> std::io::Result<()> {
        while self.timer.as_mut().poll(context).is_ready() {
            let now = self.start.elapsed();
            self.idle.check(outbox.written(), now);
            if self.idle.is_due(now, self.quarter) {
                if self.on {
                    outbox.tick()?;
                }
                self.idle = Idle::new(outbox.written(), now);
            }
            self.timer.as_mut().reset(self.start + self.idle.due(self.quarter));
        }
        Ok(())
    }
}
