//! Messages to a service manager (sd_notify(3)), if there is one.

use nodex_core::error::Chain;
use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    // Without a NOTIFY_SOCKET this does nothing.
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(error = %Chain(&error), "the service manager cannot be told");
    }
}

/// All nodes are up. Feeds its watchdog from now on, if it has one.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    if let Some(limit) = sd_notify::watchdog_enabled() {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(limit / 2).await;
                tell(&[NotifyState::Watchdog]);
            }
        });
    }
}

/// All nodes are being stopped.
pub(super) fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}
