//! The limits of one connection.

use std::time::Duration;

/// The memory of output buffers that are larger than this is freed once they are empty.
pub const KEEP: usize = 512 * 1024;

/// This much memory is kept while nothing is written.
pub const KEEP_IDLE: usize = 4 * 1024;

/// Replies are submitted to the output when they reach this size, even in the middle of a read. It is more than the
/// replies to one read of small messages, since each write wakes the peer, which costs as much as a hundred messages.
pub const BATCH: usize = KEEP - 16 * 1024;

/// How long a peer may take to close its side after this side has ended its output.
pub const FAREWELL: Duration = Duration::from_millis(500);

/// Settings of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkLimits {
    /// The longest frame that is accepted, in bytes. The head of a longer one is read, its sender receives an error,
    /// and the rest is skipped.
    pub max_frame: usize,
    /// The longest message that is accepted in fragments, in bytes. The head of a longer one is kept, its sender
    /// receives an error, and the rest is skipped.
    pub max_message: usize,
    /// The most bytes of memory for all incomplete messages of one connection together. A message for which no memory
    /// is left is treated as one that is too long. The same number of bytes of replies may wait in fragments before
    /// reading stops.
    pub max_fragments: usize,
    /// The most incomplete messages of one connection. A peer that begins more is disconnected; a BEAM has at most one
    /// for each process that sends.
    pub max_sequences: usize,
    /// Reading stops while more than this many bytes of replies wait to be written, or for their turn. While more than
    /// this many bytes of any kind wait to be written, `Node::send` and similar methods wait as well.
    pub max_waiting: usize,
    /// Reading stops while this many calls wait for their handlers.
    pub max_in_flight: usize,
    /// Reading stops while calls that wait for their handlers keep more than this many bytes of messages in memory.
    pub max_in_flight_bytes: usize,
    /// A peer that has more monitors and links to processes of this node is disconnected. Those with long names count
    /// more, so that the memory is at most a few hundred bytes for each that is allowed.
    pub max_watches: usize,
    /// A peer from which nothing arrives for this long counts as lost.
    pub tick_time: Duration,
}

impl LinkLimits {
    /// Sets [`max_frame`](Self#structfield.max_frame) and [`max_message`](Self#structfield.max_message) to this value,
    /// so that no message can be longer, whether it comes in fragments or not. [`Self::max_message`] can be called
    /// afterwards to set that limit alone.
    #[must_use]
    pub const fn max_frame(mut self, limit: usize) -> Self {
        (self.max_frame, self.max_message) = (limit, limit);
        self
    }

    /// Sets [`max_message`](Self#structfield.max_message).
    #[must_use]
    pub const fn max_message(mut self, limit: usize) -> Self {
        self.max_message = limit;
        self
    }

    /// Sets [`max_fragments`](Self#structfield.max_fragments).
    #[must_use]
    pub const fn max_fragments(mut self, limit: usize) -> Self {
        self.max_fragments = limit;
        self
    }

    /// Sets [`max_sequences`](Self#structfield.max_sequences).
    #[must_use]
    pub const fn max_sequences(mut self, limit: usize) -> Self {
        self.max_sequences = limit;
        self
    }

    /// Sets [`max_waiting`](Self#structfield.max_waiting).
    #[must_use]
    pub const fn max_waiting(mut self, limit: usize) -> Self {
        self.max_waiting = limit;
        self
    }

    /// Sets [`max_in_flight`](Self#structfield.max_in_flight).
    #[must_use]
    pub const fn max_in_flight(mut self, limit: usize) -> Self {
        self.max_in_flight = limit;
        self
    }

    /// Sets [`max_in_flight_bytes`](Self#structfield.max_in_flight_bytes).
    #[must_use]
    pub const fn max_in_flight_bytes(mut self, limit: usize) -> Self {
        self.max_in_flight_bytes = limit;
        self
    }

    /// Sets [`max_watches`](Self#structfield.max_watches).
    #[must_use]
    pub const fn max_watches(mut self, limit: usize) -> Self {
        self.max_watches = limit;
        self
    }

    /// Sets [`tick_time`](Self#structfield.tick_time).
    #[must_use]
    pub const fn tick_time(mut self, limit: Duration) -> Self {
        self.tick_time = limit;
        self
    }
}

impl Default for LinkLimits {
    /// Returns the default limits: frames of 128 MiB, messages in fragments of 256 MiB, 512 MiB for 8192 incomplete
    /// ones, 1 MiB of waiting output, 8192 running calls, 131,072 monitors and links, a tick time of 60 s (OTP's
    /// `net_ticktime`).
    fn default() -> Self {
        LinkLimits {
            max_frame: 128 << 20,
            max_message: 256 << 20,
            max_fragments: 512 << 20,
            max_sequences: 8192,
            max_waiting: 1 << 20,
            max_in_flight: 8192,
            max_in_flight_bytes: 64 << 20,
            max_watches: 1 << 17,
            tick_time: Duration::from_secs(60),
        }
    }
}
