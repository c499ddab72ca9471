//! Signals that end a fleet: the first one in order, the second one at once.

use std::{fs, io};

use nodex_host::process::kill_all;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// Why a fleet is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM, or the end of the terminal.
    Terminate,
    /// `nodex stop`.
    Asked,
}

/// The first wish counts.
#[derive(Debug, Clone)]
pub(super) struct Wishes(watch::Sender<Option<Wish>>);

impl Wishes {
    /// Watches for signals from now on.
    pub(super) fn watch() -> io::Result<Wishes> {
        let wishes = Wishes(watch::Sender::new(None));
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Under nohup it is ignored, and stays so.
        let mut hang_up = if ignores_hang_up() { None } else { Some(signal(SignalKind::hangup())?) };
        let by_signal = wishes.clone();
        tokio::spawn(async move {
            loop {
                let wish = tokio::select! {
                    _ = interrupt.recv() => Wish::Interrupt,
                    _ = terminate.recv() => Wish::Terminate,
                    () = next(hang_up.as_mut()) => Wish::Terminate,
                };
                if !by_signal.wish(wish) {
                    kill_all();
                }
            }
        });
        Ok(wishes)
    }

    /// Returns `false` if there was one already.
    pub(super) fn wish(&self, wish: Wish) -> bool {
        self.0.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(wish);
            first
        })
    }

    /// Waits for the first.
    pub(super) async fn wait(&self) -> Wish {
        let mut wishes = self.0.subscribe();
        match wishes.wait_for(Option::is_some).await.map(|wish| *wish) {
            Ok(Some(wish)) => wish,
            _ => std::future::pending().await,
        }
    }
}

async fn next(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns the first bit of `SigIgn` in `/proc/self/status` (proc_pid_status(5)).
fn ignores_hang_up() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}
