//! Output that may stall: a thread of its own writes it, and what it cannot take is counted and not waited for.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel},
    thread,
    time::Duration,
};

/// How many items wait at most.
const WAITING: usize = 4096;

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Drain<T> {
    items: SyncSender<T>,
    /// Ends when the thread does.
    ended: Receiver<()>,
    /// Items for which there was no room, since the last that there was room for.
    lost: u64,
}

impl<T: Send + 'static> Drain<T> {
    pub(super) fn start(name: &str, mut write: impl FnMut(T) + Send + 'static) -> io::Result<Drain<T>> {
        let (items, received) = sync_channel(WAITING);
        let (alive, ended) = channel::<()>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            received.into_iter().for_each(&mut write);
            drop(alive);
        })?;
        Ok(Drain { items, ended, lost: 0 })
    }

    /// Has it written if there is room. `lost` tells of those for which there was none, before the next one.
    pub(super) fn push(&mut self, item: T, lost: impl FnOnce(u64) -> T) {
        if self.lost > 0 && self.items.try_send(lost(self.lost)).is_ok() {
            self.lost = 0;
        }
        if let Err(TrySendError::Full(_)) = self.items.try_send(item) {
            self.lost += 1;
        }
    }

    /// Waits until all is written, but not for ever.
    pub(super) fn close(self, limit: Duration) {
        let Drain { items, ended, .. } = self;
        drop(items);
        let _: Result<(), RecvTimeoutError> = ended.recv_timeout(limit);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn what_stalls_is_not_waited_for() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let (go, gate) = channel::<()>();
        let to = written.clone();
        let mut drain = Drain::start("test", move |item: u64| {
            let _ = gate.recv();
            to.lock().unwrap().push(item);
        })
        .unwrap();
        let total = WAITING as u64 + 100;
        (0..total).for_each(|item| drain.push(item, |lost| 1_000_000 + lost));
        drop(go);
        while drain.lost > 0 {
            drain.push(0, |lost| 1_000_000 + lost);
            thread::sleep(Duration::from_millis(1));
        }
        drain.close(Duration::from_secs(60));
        let written = written.lock().unwrap();
        let lost: u64 = written.iter().filter(|item| **item > 1_000_000).map(|item| item - 1_000_000).sum();
        let kept = written.iter().filter(|item| (1..total).contains(item)).count() as u64 + 1;
        assert!(lost >= total - kept && kept >= WAITING as u64, "{lost} {kept}");
    }
}
