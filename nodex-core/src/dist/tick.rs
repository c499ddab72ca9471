//! When to show life on an idle connection, and when to believe that the peer is gone.
//!
//! A BEAM sends an empty frame every quarter of `net_ticktime` in which it wrote nothing, and drops a
//! connection from which it read nothing for the whole of it (`dist_util:send_tick/2`).
use std::time::Duration;

/// `net_ticktime` of a BEAM that was not told otherwise.
pub const DEFAULT_TICKTIME: Duration = Duration::from_secs(60);

/// What the state of a connection asks for at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickAction {
    /// Nothing was read for the whole tick time: close the connection.
    PeerIsDead {
        /// For how long nothing was read.
        silent: Duration,
    },
    /// Nothing was written for a quarter of the tick time: write a tick now, and flush it.
    Send,
    /// Nothing to do before so much time has passed, unless something is read or written.
    Wait(Duration),
}

/// The life of one connection. All times are durations since one moment of the caller's choice, such
/// as the end of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// After so much silence the peer is taken for dead.
    pub ticktime: Duration,
    /// When bytes were read last.
    pub last_read: Duration,
    /// When bytes were written last, ticks included.
    pub last_write: Duration,
}

impl Tick {
    /// A connection on which something was read and written just `now`.
    pub fn new(ticktime: Duration, now: Duration) -> Self {
        Tick { ticktime, last_read: now, last_write: now }
    }

    /// What to do at the moment `now`. After [`TickAction::Send`] the caller sets `last_write`.
    pub fn action(&self, now: Duration) -> TickAction {
        let silent = now.saturating_sub(self.last_read);
        if silent >= self.ticktime {
            return TickAction::PeerIsDead { silent };
        }
        let idle = now.saturating_sub(self.last_write);
        if idle >= self.ticktime / 4 {
            return TickAction::Send;
        }
        TickAction::Wait((self.ticktime - silent).min(self.ticktime / 4 - idle))
    }

    /// Whether a tick that was just read is to be answered with one.
    ///
    /// Something written within the last eighth of the tick time is answer enough; without that rule
    /// two nodes that answer would send each other ticks without end.
    pub fn answers_tick(&self, now: Duration) -> bool {
        now.saturating_sub(self.last_write) >= self.ticktime / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_idle_connection_ticks_every_quarter_and_dies_after_the_whole() {
        let mut tick = Tick::new(s(60), s(100));
        let (mut now, mut sent) = (s(100), Vec::new());
        loop {
            match tick.action(now) {
                TickAction::Wait(time) => {
                    assert!(time > Duration::ZERO);
                    now += time;
                }
                TickAction::Send => {
                    sent.push(now);
                    tick.last_write = now;
                }
                TickAction::PeerIsDead { silent } => {
                    assert_eq!(silent, s(60));
                    break;
                }
            }
        }
        assert_eq!(sent, [s(115), s(130), s(145)]);
        assert_eq!(now, s(160));
    }

    #[test]
    fn whatever_is_read_or_written_counts() {
        let mut tick = Tick::new(s(8), s(0));
        assert_eq!(tick.action(s(1)), TickAction::Wait(s(1)));
        tick.last_write = s(1);
        assert_eq!(tick.action(s(2)), TickAction::Wait(s(1)));
        tick.last_write = s(7);
        assert_eq!(tick.action(s(7)), TickAction::Wait(s(1)), "the end of the peer comes before the next tick");
        tick.last_read = s(7);
        assert_eq!(tick.action(s(7)), TickAction::Wait(s(2)));
        assert_eq!(tick.action(s(15)), TickAction::PeerIsDead { silent: s(8) });
    }

    #[test]
    fn two_nodes_that_answer_do_not_tick_without_end() {
        // One ticks after 15 s of silence, the other answers; the answer is not answered.
        let mut a = Tick::new(s(60), s(0));
        let mut b = Tick::new(s(60), s(0));
        assert_eq!(a.action(s(15)), TickAction::Send);
        a.last_write = s(15);
        b.last_read = s(15);
        assert!(b.answers_tick(s(15)));
        a.last_read = s(15);
        assert!(!a.answers_tick(s(15)));
        b.last_write = s(15);
        assert_eq!((a.action(s(15)), b.action(s(15))), (TickAction::Wait(s(15)), TickAction::Wait(s(15))));
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_is_harmless() {
        let tick = Tick::new(s(60), s(100));
        assert_eq!(tick.action(s(50)), TickAction::Wait(s(15)));
        assert!(!tick.answers_tick(s(50)));
    }
}
