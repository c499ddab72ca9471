//! The node as its own program sees it.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout, timeout_at};

use super::subscription::Subscription;
use crate::{
    node::{
        connection::{inner::Inner, peer::Peer, peers::NodeEvent},
        process::service_end::ServiceEnd,
    },
    term::Atom,
};

/// How long it may take to close what listens.
const CLOSING: Duration = Duration::from_secs(1);

/// A running node: connects, is connected to, serves and calls. Cheap to clone; all clones are the same node.
///
/// Connections end when [`Node::stop`] is called, not when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Node(pub(in crate::node) Arc<Inner>);

impl Node {
    pub(in crate::node) fn from_inner(inner: Arc<Inner>) -> Self {
        Node(inner)
    }

    /// Waits until the node was asked to stop, or a service has ended with which it ends, and returns the latter. Its
    /// connections may still be ending then; see [`ServiceType`](crate::node::ServiceType).
    ///
    /// ```
    /// # use nodex_core::{atom, protocol::Cookie, node::{Builder, Functions, ServiceOptions}};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let node = Builder::new().start("a@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
    /// let watched = node.clone();
    /// tokio::spawn(async move {
    ///     if let Some(end) = watched.ended().await {
    ///         eprintln!("{end}");
    ///     }
    /// });
    /// # });
    /// ```
    pub async fn ended(&self) -> Option<Arc<ServiceEnd>> {
        self.0.stop.cancelled().await;
        self.0.fallen.borrow().clone()
    }

    /// Asks all connections to end, and waits for nothing.
    pub(in crate::node) fn cancel(&self) {
        self.0.begin_stop();
    }

    /// Returns its full name.
    pub fn name(&self) -> &Atom {
        &self.0.identity.name
    }

    /// Returns its incarnation.
    pub fn creation(&self) -> u32 {
        self.0.identity.creation
    }

    /// Returns the nodes that it is connected with.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.0.peers.all()
    }

    /// Returns the connection with this node, if there is one.
    pub fn peer(&self, name: &str) -> Option<Arc<Peer>> {
        self.0.peers.get(name)
    }

    /// Waits until this node is connected, whichever side makes the connection.
    pub async fn wait_connected(&self, name: &str) -> Arc<Peer> {
        self.0.peers.wait_up(name).await
    }

    /// Waits until this node is not connected, whichever side ends the connection.
    pub async fn wait_disconnected(&self, name: &str) {
        self.0.peers.wait_none(name).await;
    }

    /// Hears of every node that comes or goes from now on. Who lags behind by more than 256 events loses the oldest.
    pub fn events(&self) -> Subscription<NodeEvent> {
        Subscription::new(self.0.peers.events(), NodeEvent::Missed)
    }

    /// Ends all connections once the handlers that run are done and all is written, but after `drain` at the latest.
    /// Nothing listens any more then, and nothing is published.
    ///
    /// What comes meanwhile is refused: plain messages are answered with `{error, draining}`, calls of a `gen_server` exit
    /// with `{shutdown, draining}`, and calls by rpc with the error `draining`. Casts that this machine has received by
    /// now are handled, later ones are dropped.
    pub async fn stop(&self, drain: Duration) {
        self.0.begin_stop();
        let deadline = Instant::now() + drain;
        for peer in self.0.peers.all() {
            if timeout_at(deadline, self.0.peers.wait_down(&peer)).await.is_err() {
                peer.disconnect();
            }
        }
        // Who takes the name or the port next finds it free.
        self.0.listening.close();
        let _ = timeout(CLOSING, self.0.listening.wait()).await;
    }
}
