//! Calling a start off.

use tokio::sync::watch;

/// Tells a start that it is not wanted any more. Unlike a future that is dropped, the start then ends only when its
/// process has.
#[derive(Debug, Clone)]
pub(crate) struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// Wanted for ever.
    pub(crate) fn never() -> Cancel {
        Cancel(watch::Sender::new(false).subscribe())
    }

    /// Wanted until the sender is set.
    pub(crate) fn new() -> (watch::Sender<bool>, Cancel) {
        let (sender, receiver) = watch::channel(false);
        (sender, Cancel(receiver))
    }

    /// Waits until it is not wanted any more.
    pub(crate) async fn wait(&self) {
        if self.0.clone().wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending().await
        }
    }
}
