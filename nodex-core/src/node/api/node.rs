//! [`Node`].

use std::{sync::Arc, time::Duration};

use tokio::time::{timeout, timeout_at};

use super::subscription::Subscription;
use crate::{
    node::{
        connection::{inner::Inner, peer::Peer, peers::NodeEvent},
        moment::Moment,
        process::service_end::ServiceEnd,
    },
    term::Atom,
};

/// How long closing the listener may take.
const CLOSING: Duration = Duration::from_secs(1);

/// A running node: it serves, connects, and calls processes of other nodes. Cheap to clone; all clones are the same
/// node.
///
/// Connections end when [`Node::stop`] is called, not when the last clone is dropped.
///
/// ```no_run
/// use std::time::Duration;
///
/// use nodex_core::{atom, node::{Functions, NodeBuilder}, protocol::Cookie};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let prices = Functions::new().add("price", |item: String| item.len());
/// let node = NodeBuilder::new().register("prices", prices).start("shop@127.0.0.1", Cookie::new("secret")?).await?;
///
/// // Call `GenServer.call({:stock, :"beam@127.0.0.1"}, {:count, "tea"})`.
/// let stock = (atom!("stock"), atom!("beam@127.0.0.1"));
/// let count: u64 = node.call(stock, (atom!("count"), "tea"), Duration::from_secs(5)).await?;
/// println!("{count} left");
/// node.stop(Duration::from_secs(4)).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Node(pub(in crate::node) Arc<Inner>);

impl Node {
    pub(in crate::node) fn from_inner(inner: Arc<Inner>) -> Self {
        Node(inner)
    }

    /// Waits until the node was asked to stop, or ends with one of its services, whose end is returned: see
    /// [`ServiceType`](crate::node::ServiceType). Connections may still be closing.
    ///
    /// ```
    /// # use nodex_core::{atom, protocol::Cookie, node::{Functions, NodeBuilder, ServiceOptions}};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let node = NodeBuilder::new().start("a@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
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

    /// Asks all connections to end, without waiting.
    pub(in crate::node) fn cancel(&self) {
        self.0.begin_stop();
    }

    /// Returns the full name of this node.
    pub fn name(&self) -> &Atom {
        &self.0.identity.name
    }

    /// Returns the creation of this node.
    pub fn creation(&self) -> u32 {
        self.0.identity.creation
    }

    /// Returns all connected nodes.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.0.peers.all()
    }

    /// Returns the connection with the node `name`, if there is one.
    pub fn peer(&self, name: &str) -> Option<Arc<Peer>> {
        self.0.peers.get(name)
    }

    /// Waits until the node `name` is connected, whichever side connects.
    pub async fn wait_connected(&self, name: &str) -> Arc<Peer> {
        self.0.peers.wait_up(name).await
    }

    /// Waits until the node `name` is not connected, whichever side disconnects.
    pub async fn wait_disconnected(&self, name: &str) {
        self.0.peers.wait_none(name).await;
    }

    /// Subscribes to connections made and lost from now on. A subscriber that lags by more than 256 events loses the
    /// oldest.
    pub fn events(&self) -> Subscription<NodeEvent> {
        Subscription::new(self.0.peers.events(), NodeEvent::Missed)
    }

    /// Stops the node: it no longer listens, and its connections end once running handlers have finished and all output
    /// is written, after `drain` at the latest.
    ///
    /// New calls are refused meanwhile: plain messages are answered `{error, draining}`, `GenServer.call` exits with
    /// `{shutdown, draining}`, and `rpc` raises the error `draining`. Casts that have already arrived are handled;
    /// later ones are dropped.
    pub async fn stop(&self, drain: Duration) {
        self.0.begin_stop();
        let deadline = Moment::now().plus(drain).instant();
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
