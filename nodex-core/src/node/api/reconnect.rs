//! Connections that are made again when they are lost.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::node::Node;
use crate::{net::random_bits, term::Atom};

/// How long to wait between attempts to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure, and after the loss of a connection that has lasted.
    pub first: Duration,
    /// The pause doubles with every failure up to this.
    pub longest: Duration,
}

impl Default for Backoff {
    /// From 100 ms to 30 s.
    fn default() -> Self {
        Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(30) }
    }
}

/// A node that is connected to again and again, for as long as this value lives. The end of this value is not the end
/// of the connection.
#[derive(Debug)]
pub struct KeptConnected {
    node: Atom,
    _until_dropped: DropGuard,
}

impl KeptConnected {
    /// The name of the node.
    pub fn node(&self) -> &Atom {
        &self.node
    }
}

impl Node {
    /// Connects to this node (`name@host`), and again whenever the connection is lost, until the result is dropped or
    /// this node stops. A connection that the other node makes is as good.
    ///
    /// A node that is not there is tried again after a pause, see [`Backoff`]; [`Node::events`] tells how it goes.
    #[must_use = "nothing is kept once the result is dropped"]
    pub fn keep_connected(&self, name: &Atom, backoff: Backoff) -> KeptConnected {
        let stop = CancellationToken::new();
        let (node, peer, until) = (self.clone(), name.clone(), stop.clone());
        let stopped = self.0.stop.clone();
        tokio::spawn(async move {
            stopped.run_until_cancelled(until.run_until_cancelled(keep(node, peer, backoff))).await;
        });
        KeptConnected { node: name.clone(), _until_dropped: stop.drop_guard() }
    }
}

async fn keep(node: Node, name: Atom, backoff: Backoff) {
    let mut pause = backoff.first;
    loop {
        match node.connect(&name).await {
            Ok(peer) => {
                let since = Instant::now();
                let reason = peer.ended().await;
                // One that ends as soon as it is made is a failure as well.
                if since.elapsed() > pause {
                    pause = backoff.first;
                }
                tracing::info!(peer = %name, %reason, ?pause, "the connection is lost, and will be made again");
            }
            Err(error) => tracing::debug!(peer = %name, %error, ?pause, "no connection yet"),
        }
        sleep(jittered(pause)).await;
        pause = (pause * 2).min(backoff.longest);
    }
}

/// Three quarters of it to all of it, so that nodes that lose the same peer do not come back all at once.
fn jittered(pause: Duration) -> Duration {
    pause - pause.mul_f64(f64::from(random_bits()) / f64::from(u32::MAX) / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_vary_by_a_quarter() {
        let pause = Duration::from_secs(1);
        for _ in 0..1000 {
            let jittered = jittered(pause);
            assert!(jittered <= pause && jittered >= pause * 3 / 4, "{jittered:?}");
        }
        assert_eq!(jittered(Duration::ZERO), Duration::ZERO);
    }
}
