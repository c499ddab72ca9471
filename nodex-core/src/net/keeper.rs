//! Sends ticks, whatever the threads that drive the connections are doing.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use super::Outbox;

/// A thread that ticks connections on which nothing was written for a quarter of the tick time (`dist_util:tick_loop`).
///
/// A thread and no task, because a handler that computes for a minute holds up every task of its thread, and its
/// connection must not be lost for it. The thread ends with the keeper.
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
        state.watched.push(Watched { outbox: Arc::downgrade(outbox), written: outbox.written() });
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
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Instant::now() + self.quarter;
        while !state.stop {
            let now = Instant::now();
            if now < next {
                state = self.changed.wait_timeout(state, next - now).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            next = now + self.quarter;
            state.watched.retain_mut(|watched| {
                let Some(outbox) = watched.outbox.upgrade() else { return false };
                let written = outbox.written();
                if written == watched.written
                    && let Err(error) = outbox.tick()
                {
                    // The driver of the connection sees the same error and ends.
                    tracing::debug!(%error, "no tick could be sent");
                }
                watched.written = outbox.written();
                true
            });
        }
    }
}
