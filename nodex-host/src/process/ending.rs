//! [`Ending`].

use tokio::sync::watch;

use super::{Exit, child::Life};

/// A handle to wait for the end of a process. Cheap to clone; it does not keep the process alive.
#[derive(Debug, Clone)]
pub struct Ending(pub(super) watch::Receiver<Life>);

impl Ending {
    /// Returns how the process ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        ended(*self.0.borrow())
    }

    /// Waits until the process has ended. Other processes of its group may be running.
    pub async fn ended(&self) -> Exit {
        self.wait(ended).await
    }

    /// Waits until the process has ended and its group is empty.
    pub async fn gone(&self) -> Exit {
        self.wait(gone).await
    }

    async fn wait(&self, seen: impl Fn(Life) -> Option<Exit>) -> Exit {
        let mut life = self.0.clone();
        loop {
            let now = *life.borrow_and_update();
            if let Some(exit) = seen(now) {
                return exit;
            }
            if life.changed().await.is_err() {
                // The sender goes only after the last change, or with the thread that watched the process.
                return seen(*life.borrow()).unwrap_or(Exit::Unknown);
            }
        }
    }
}

fn ended(life: Life) -> Option<Exit> {
    match life {
        Life::Running => None,
        Life::Ended(exit) | Life::Gone(exit) => Some(exit),
    }
}

fn gone(life: Life) -> Option<Exit> {
    match life {
        Life::Running | Life::Ended(_) => None,
        Life::Gone(exit) => Some(exit),
    }
}
