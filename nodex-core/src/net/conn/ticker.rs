//! The thread that sends ticks, whatever the drivers of the connections are doing.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use super::Outbox;
use crate::{error::Chain, protocol::channel::Idle};

/// The longest time between two checks of the thread.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// A thread that ticks connections on which nothing was written for a quarter of the tick time (`dist_util:tick_loop`).
///
/// It is a thread and not a task, because a handler that computes for a minute blocks every task of its thread, and
/// must not cost the connection. During that time the ticks of peers are not answered, and their tick time may be
/// shorter than ours, so while a handler takes longer than a second, ticks go out every second. The thread ends with
/// the ticker.
#[derive(Debug)]
pub(crate) struct Ticker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    quarter: Duration,
    /// The time from which times count.
    start: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    watched: Vec<Watched>,
    running: bool,
    stop: bool,
}

#[derive(Debug)]
struct Watched {
    outbox: Weak<Outbox>,
    idle: Idle,
    handled: usize,
}

impl Ticker {
    /// Creates a ticker for connections whose peers close them after `tick_time` without a byte.
    pub(crate) fn new(tick_time: Duration) -> Self {
        let quarter = (tick_time / 4).max(Duration::from_millis(1));
        Ticker(Arc::new(Shared { quarter, start: Instant::now(), state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Ticks this connection until it is dropped.
    pub(crate) fn watch(&self, outbox: &Arc<Outbox>) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.watched.push(Watched {
            outbox: Arc::downgrade(outbox),
            idle: Idle::new(outbox.written(), self.0.start.elapsed()),
            handled: outbox.handled(),
        });
        if !state.running {
            let shared = self.0.clone();
            match thread::Builder::new().name("nodex-ticks".into()).stack_size(64 * 1024).spawn(move || shared.run()) {
                Ok(_) => state.running = true,
                // Without the thread, ticks are sent only as answers to the peer's.
                Err(error) => tracing::error!(error = %Chain(&error), "no thread for ticks"),
            }
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn run(&self) {
        let interval = self.quarter.min(CHECK_INTERVAL);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = self.start.elapsed() + interval;
        while !state.stop {
            let now = self.start.elapsed();
            if now < next {
                state = self.changed.wait_timeout(state, next - now).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            next = now + interval;
            state.check(now, self.quarter);
        }
    }
}

impl State {
    fn check(&mut self, now: Duration, quarter: Duration) {
        let mut held_up = false;
        self.watched.retain_mut(|watched| match watched.outbox.upgrade() {
            Some(outbox) if !outbox.closed() => {
                let handled = outbox.handled();
                // One handler may hold up the tasks of all connections.
                held_up |= handled % 2 == 1 && handled == watched.handled;
                watched.handled = handled;
                true
            }
            _ => false,
        });
        let idle = if held_up { quarter.min(CHECK_INTERVAL) } else { quarter };
        for watched in &mut self.watched {
            let Some(outbox) = watched.outbox.upgrade() else { continue };
            if watched.idle.check(outbox.written(), now) {
                outbox.shrink_idle();
            }
            if !watched.idle.is_due(now, idle) {
                continue;
            }
            if let Err(error) = outbox.tick() {
                // The driver of the connection sees the same error and ends.
                tracing::debug!(error = %Chain(&error), "no tick could be sent");
            }
            watched.idle = Idle::new(outbox.written(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::{net::conn::WriteSide, protocol::channel::Transmit as _};

    const SECOND: Duration = Duration::from_secs(1);

    /// The output of a connection, and the other end of it.
    async fn outbox() -> (Arc<Outbox>, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        near.writable().await.unwrap();
        let (_, half) = near.into_split();
        (Arc::new(Outbox::new(WriteSide::Task(half), 0)), far)
    }

    /// How often an idle connection is ticked at these seconds, with 15 of them for a quarter of the tick time.
    fn ticks(outbox: &Arc<Outbox>, seconds: std::ops::RangeInclusive<u32>, mut other: impl FnMut(u32)) -> Vec<u32> {
        let watched = Watched {
            outbox: Arc::downgrade(outbox),
            idle: Idle::new(outbox.written(), Duration::ZERO),
            handled: outbox.handled(),
        };
        let mut state = State { watched: vec![watched], ..State::default() };
        seconds
            .filter(|second| {
                other(*second);
                let before = outbox.written();
                state.check(*second * SECOND, 15 * SECOND);
                outbox.written() > before
            })
            .collect()
    }

    #[tokio::test]
    async fn an_idle_connection_is_ticked_each_quarter() {
        let (outbox, _far) = outbox().await;
        assert_eq!(ticks(&outbox, 1..=60, |_| ()), [15, 30, 45, 60]);
    }

    #[tokio::test]
    async fn what_else_is_written_is_as_good_as_a_tick() {
        let (outbox, _far) = outbox().await;
        let other = |second| {
            if second == 20 {
                outbox.tick().unwrap();
            }
        };
        assert_eq!(ticks(&outbox, 1..=60, other), [15, 35, 50]);
    }

    #[tokio::test]
    async fn while_a_handler_runs_there_is_a_tick_each_second() {
        let (outbox, _far) = outbox().await;
        // Found running twice: it takes longer than a second.
        outbox.set_handling(true);
        assert_eq!(ticks(&outbox, 1..=4, |_| ()), [1, 2, 3, 4]);
        outbox.set_handling(false);
        assert!(ticks(&outbox, 1..=14, |_| ()).is_empty());
    }

    #[tokio::test]
    async fn a_connection_that_is_gone_is_watched_no_more() {
        let (outbox, _far) = outbox().await;
        let watched = Watched { outbox: Arc::downgrade(&outbox), idle: Idle::new(0, Duration::ZERO), handled: 0 };
        let mut state = State { watched: vec![watched], ..State::default() };
        state.check(SECOND, SECOND);
        assert_eq!(state.watched.len(), 1);
        drop(outbox);
        state.check(SECOND, SECOND);
        assert_eq!(state.watched.len(), 0);
    }
}
