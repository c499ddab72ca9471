//! The node as its own program sees it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::{Either, select};
use std::pin::pin;
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{builder::Builder, subscription::Subscription};
use crate::{
    epmd::EpmdError,
    net::{ConnectError, LinkEnd, Locate, Obstacle, Pauses, connect, connect_by, obstacle},
    node::{
        connection::{
            establish as connection,
            establish::Drive,
            inner::{Inner, local},
            listen,
            peers::{NodeEvent, Peer, Wanted},
        },
        executable::drain_time,
        process::{registry::ServiceError, service_end::ServiceEnd},
    },
    protocol::{
        Cookie, Flags,
        handshake::{NameProblem, SETUP_TIME, check_node_name, check_own_name},
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

/// Why a node cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The name cannot be a node's.
    #[error("the node name {name:?} is not acceptable: {problem}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// Its services cannot be served.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// epmd does not take the name, or cannot be looked for.
    #[error(transparent)]
    Epmd(EpmdError),
}

/// Why a node without a name of its own cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartUnnamedError {
    /// It could not be started with a name either.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The node that is to give the name cannot be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It gave none.
    #[error("{peer} gave no name")]
    NoName {
        /// The node that was connected to.
        peer: String,
    },
}

impl Builder {
    /// Starts a node of this full name (`name@host`) inside the current tokio runtime. The part before the `@` has letters,
    /// digits, `_` and `-`.
    ///
    /// It listens and is published in epmd only if [`Builder::listen`] asked for it.
    ///
    /// # Errors
    /// When the name or the services cannot be used, the address cannot be listened on, or epmd does not take the name.
    pub async fn start(self, name: &str, cookie: Cookie) -> Result<Node, StartError> {
        let bad = |problem| StartError::Name { name: name.to_owned(), problem };
        check_own_name(name).map_err(bad)?;
        // A node name has at most 255 bytes, so it is an atom.
        let atom = Atom::new(name).map_err(|_| bad(NameProblem::TooLong { length: name.len() }))?;
        let (listen, drain) = (self.listen, self.drain);
        let inner = Arc::new(Inner::new(atom, cookie, self)?);
        if let Some(listen) = listen {
            listen::start(&inner, listen).await?;
        }
        Ok(Node(inner).end_with_its_services(drain))
    }

    /// Starts a node that has no name of its own: the node `peer`, to which it connects, gives it one at `host` (dynamic
    /// node names, `erl -name undefined`). It keeps that name, also when the connection is lost.
    ///
    /// # Errors
    /// As [`Self::start`], and when there is no connection.
    pub async fn start_unnamed(self, host: &str, peer: &str, cookie: Cookie) -> Result<Node, StartUnnamedError> {
        let locate = match self.locate {
            Some(locate) => locate,
            None => Locate::from_environment().map_err(StartError::Epmd)?,
        };
        // Such nodes are hidden.
        let mut nameless = local(host, 0, &cookie, false);
        nameless.flags = nameless.flags | Flags::NAME_ME;
        let connected = connect(nameless, peer, locate, false).await?;
        let Some(given) = connected.established.given.clone() else {
            return Err(StartUnnamedError::NoName { peer: peer.to_owned() });
        };
        let bad = |problem| StartError::Name { name: given.name.clone(), problem };
        check_node_name(given.name.as_bytes()).map_err(bad)?;
        let atom = Atom::new(&given.name).map_err(|_| bad(NameProblem::TooLong { length: given.name.len() }))?;
        let (listen, drain) = (self.listen, self.drain);
        let inner = Arc::new(Inner::with_creation(atom, given.creation, cookie, self)?);
        if let Some(listen) = listen {
            listen::start(&inner, listen).await?;
        }
        let (_, serve) = connection::establish(&inner, connected, Drive::Task)
            .map_err(|end| ConnectError::Ended { node: peer.to_owned(), reason: end.to_string() })?;
        tokio::spawn(serve);
        Ok(Node(inner).end_with_its_services(drain))
    }
}

impl Node {
    pub(in crate::node) fn from_inner(inner: Arc<Inner>) -> Self {
        Node(inner)
    }

    /// Stops the node when a service ends with which it ends.
    fn end_with_its_services(self, drain: Option<Duration>) -> Self {
        let (mut fallen, inner) = (self.0.fallen.subscribe(), Arc::downgrade(&self.0));
        tokio::spawn(async move {
            // An error when the node is gone.
            let has_fallen = fallen.wait_for(Option::is_some).await.is_ok();
            if let Some(inner) = inner.upgrade().filter(|_| has_fallen) {
                Node(inner).stop(drain.unwrap_or(drain_time::DEFAULT)).await;
            }
        });
        self
    }

    /// Waits until the node was asked to stop, or a service has ended with which it ends, and gives the latter. Its
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

    /// Its full name.
    pub fn name(&self) -> &Atom {
        &self.0.name
    }

    /// Its incarnation.
    pub fn creation(&self) -> u32 {
        self.0.creation
    }

    /// The nodes that it is connected with.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.0.peers.all()
    }

    /// The connection with this node, if there is one.
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

    /// Connects to this node (`name@host`) unless it is connected already.
    ///
    /// Several callers at once share one attempt. If the other node is connecting to us at the same time, one of the two
    /// connections stays, whichever the names say.
    ///
    /// # Errors
    /// Why there is no connection, after [`SETUP_TIME`] at the latest.
    pub async fn connect(&self, name: &str) -> Result<Arc<Peer>, Arc<ConnectError>> {
        // A name of more than 255 characters has no node.
        let atom = Atom::new(name).map_err(|_| Arc::new(ConnectError::Name(name.to_owned())))?;
        if atom == self.0.name {
            return Err(Arc::new(ConnectError::Itself(name.to_owned())));
        }
        let mut attempt = loop {
            match self.0.peers.want(&atom) {
                Wanted::Up(peer) => return Ok(peer),
                // Closed here: its handlers may take their time, and are not waited for.
                Wanted::Ending(peer) if peer.outbox.aborted() => {
                    self.0.peers.down(&peer, LinkEnd::Shutdown);
                }
                Wanted::Ending(peer) => self.0.peers.wait_down(&peer).await,
                Wanted::Entering => {
                    self.0.peers.wait_entered(&atom).await;
                }
                Wanted::Wait(attempt) => break attempt,
                Wanted::Start(outcome, gives_way) => {
                    let attempt = outcome.subscribe();
                    let (node, atom) = (self.clone(), atom.clone());
                    // A task, so that the attempt goes on for the others if this caller gives up.
                    tokio::spawn(async move {
                        let result = node.make_connection(&atom, gives_way).await.map_err(Arc::new);
                        if result.is_err() {
                            node.0.peers.gave_up(&atom, &outcome.subscribe());
                        }
                        outcome.send_replace(Some(result));
                    });
                    break attempt;
                }
            }
        };
        match attempt.wait_for(Option::is_some).await.map(|result| result.clone()) {
            Ok(Some(result)) => result,
            // The task ended without an outcome: the runtime is shutting down.
            _ => Err(Arc::new(ConnectError::Abandoned { node: name.to_owned() })),
        }
    }

    async fn make_connection(
        &self,
        name: &Atom,
        mut gives_way: watch::Receiver<()>,
    ) -> Result<Arc<Peer>, ConnectError> {
        let deadline = Instant::now() + SETUP_TIME;
        let (mut pauses, mut hindered) = (Pauses::default(), false);
        let connected = loop {
            let speaks = || self.0.peers.speaks(name);
            let connecting = connect_by(deadline, self.0.local(), name, self.0.locate, self.0.take_over, speaks);
            // In this order: an attempt that has given way does not go on.
            let outcome = match select(pin!(gives_way.changed()), pin!(connecting)).await {
                Either::Left(_) => None,
                Either::Right((result, _)) => Some(result),
            };
            let peers = &self.0.peers;
            let peer = match outcome {
                Some(Ok(connected)) => break connected,
                // The other node has connected to us.
                None | Some(Err(ConnectError::Abandoned { .. })) => peers.wait_entered(name).await,
                Some(Err(error)) => match obstacle(&error, hindered) {
                    // It is its turn, and not ours: it may connect to us, or fail to.
                    Some(Obstacle::Connecting | Obstacle::Earlier) => {
                        peers.is_silent(name);
                        timeout(pauses.next_pause(), peers.wait_up(name)).await.ok()
                    }
                    Some(Obstacle::Alive) | None => return Err(error),
                },
            };
            if let Some(peer) = peer {
                return Ok(peer);
            }
            hindered = true;
            peers.is_silent(name);
            // Its connection has come, and may be gone again.
            if gives_way.has_changed().is_err() {
                return peers.get(name).ok_or_else(|| ConnectError::Abandoned { node: name.to_string() });
            }
            if Instant::now() > deadline {
                return Err(ConnectError::Timeout {
                    node: name.to_string(),
                    waiting_for: "connection that it was making at the same time",
                    limit: SETUP_TIME,
                });
            }
        };
        let (peer, serve) = connection::establish(&self.0, connected, Drive::Task)
            .map_err(|end| ConnectError::Ended { node: name.to_string(), reason: end.to_string() })?;
        tokio::spawn(serve);
        Ok(peer)
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
