//! Cancelling a start.

use tokio::sync::watch;

/// Tells a start that it is cancelled. Unlike a dropped future, the start then ends only after its process.
#[derive(Debug, Clone)]
pub(crate) struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// Creates one that is never cancelled.
    pub(crate) fn never() -> Cancel {
        Cancel(watch::Sender::new(false).subscribe())
    }

    /// Creates one that is cancelled when the sender is set.
    pub(crate) fn new() -> (watch::Sender<bool>, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (sender, Cancel(receiver))
    }

    /// Waits until it is cancelled.
    pub(crate) async fn wait(&self) {
        if self.0.clone().wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending().await
        }
    }
}
