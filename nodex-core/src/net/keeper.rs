//! Sends ticks, whatever the threads that drive the connections are doing.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use super::Outbox;

/// How often the thread looks, at least.
const BEAT: Duration = Duration::from_secs(1);

/// A thread that ticks connections on which nothing was written for a quarter of the tick time (`dist_util:tick_loop`).
///
/// A thread and no task, because a handler that computes for a minute holds up every task of its thread, and its
/// connection must not be lost for it. Meanwhile nobody answers the ticks of peers whose own tick time may be shorter
/// than ours, so while a handler takes longer than a second, ticks go out every second. The thread ends with the keeper.
#[derive(Debug)]
pub(crate) struct Keeper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    quarter: Duration,
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
    written: usize,
    /// When `written` was last seen to move.
    since: Instant,
    handled: usize,
}

impl Keeper {
    /// For connections whose peers give up after `tick_time` without a byte.
    pub(crate) fn new(tick_time: Duration) -> Self {
        let quarter = (tick_time / 4).max(Duration::from_millis(1));
        Keeper(Arc::new(Shared { quarter, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Ticks this connection from now on, until it is dropped.
    pub(crate) fn watch(&self, outbox: &Arc<Outbox>) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.watched.push(Watched {
            outbox: Arc::downgrade(outbox),
            written: outbox.written(),
            since: Instant::now(),
            handled: outbox.handled(),
        });
        if !state.running {
            let shared = self.0.clone();
            match thread::Builder::new().name("nodex-ticks".into()).stack_size(64 * 1024).spawn(move || shared.run()) {
                Ok(_) => state.running = true,
                // Without the thread, ticks are sent only as answers to the peer's.
                Err(error) => tracing::error!(%error, "no thread for ticks"),
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn run(&self) {
        let beat = self.quarter.min(BEAT);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Instant::now() + beat;
        while !state.stop {
            let now = Instant::now();
            if now < next {
                state = self.changed.wait_timeout(state, next - now).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            next = now + beat;
            state.beat(now, self.quarter);
        }
    }
}

impl State {
    fn beat(&mut self, now: Instant, quarter: Duration) {
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
        let idle = if held_up { quarter.min(BEAT) } else { quarter };
        for watched in &mut self.watched {
            let Some(outbox) = watched.outbox.upgrade() else { continue };
            if outbox.written() != watched.written {
                watched.written = outbox.written();
                watched.since = now;
            }
            if now.duration_since(watched.since) < idle {
                continue;
            }
            if let Err(error) = outbox.tick() {
                // The driver of the connection sees the same error and ends.
                tracing::debug!(%error, "no tick could be sent");
            }
            watched.written = outbox.written();
            watched.since = now;
        }
    }
}
