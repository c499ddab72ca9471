//! Connecting to other nodes.

use std::{pin::pin, sync::Arc};

use futures::future::{Either, select};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::node::Node;
use crate::{
    net::{ConnectError, LinkEnd, Obstacle, Pauses, connect_by, obstacle},
    node::{
        connection::{establish::serve, peer::Peer, peers::Wanted},
        inbound::Dispatch,
    },
    protocol::{NameError, NodeName, handshake::SETUP_TIME},
    term::Atom,
};

impl Node {
    /// Connects to the node `name` (`name@host`) unless it is connected already.
    ///
    /// Concurrent callers share one attempt. If the other node connects to this one at the same time, one of the two
    /// connections stays, as the names decide.
    ///
    /// # Errors
    /// Returns an error when no connection is established within [`SETUP_TIME`].
    pub async fn connect(
        &self,
        name: impl TryInto<NodeName, Error: Into<NameError>>,
    ) -> Result<Arc<Peer>, Arc<ConnectError>> {
        let name: NodeName = name.try_into().map_err(|error| Arc::new(ConnectError::Name(error.into())))?;
        self.connect_to(name.as_atom()).await
    }

    /// [`Self::connect`] for a name that came in a term, or was checked.
    pub(in crate::node) async fn connect_to(&self, name: &Atom) -> Result<Arc<Peer>, Arc<ConnectError>> {
        if *name == self.0.identity.name {
            return Err(Arc::new(ConnectError::Itself(name.to_string())));
        }
        let mut attempt = loop {
            match self.0.peers.want(name) {
                Wanted::Up(peer) => return Ok(peer),
                // Closed here: its handlers may take their time, and are not waited for.
                Wanted::Ending(peer) if peer.line.outbox.aborted() => {
                    self.0.peers.down(&peer, LinkEnd::Shutdown);
                }
                Wanted::Ending(peer) => self.0.peers.wait_down(&peer).await,
                Wanted::Entering => {
                    self.0.peers.wait_entered(name).await;
                }
                Wanted::Wait(attempt) => break attempt,
                Wanted::Start(outcome, gives_way) => {
                    let attempt = outcome.subscribe();
                    let (node, atom) = (self.clone(), name.clone());
                    // A task, so that the attempt continues for the others if this caller gives up.
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
            _ => Err(Arc::new(ConnectError::Abandoned { node: name.to_string() })),
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
            // In this order: an attempt that has given way does not continue.
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
        serve::<Dispatch>(&self.0, connected).map_err(|end| ConnectError::Ended { node: name.to_string(), end })
    }
}
