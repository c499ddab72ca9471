//! Starting a node.

use std::{sync::Arc, thread, time::Duration};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::{
    builder::{MAX_READERS, NodeBuilder},
    node::Node,
};
use crate::{
    error::Chain,
    net::{ConnectError, Locate, Readers, connect},
    node::{
        connection::{
            drain,
            establish::{Drive, establish},
            inner::{Inner, local},
            listen,
        },
        error::{StartError, StartUnnamedError},
        inbound::Dispatch,
        shared::Identity,
    },
    protocol::{Cookie, Flags, NameError, NodeName, handshake::check_own_name},
};

impl NodeBuilder {
    /// Starts a node with this full name (`name@host`) in the current tokio runtime. The part before the `@` consists
    /// of letters, digits, `_` and `-`.
    ///
    /// The node listens and registers with epmd only after [`NodeBuilder::listen`].
    ///
    /// # Errors
    /// Returns an error when the name or the services are not valid, the address cannot be listened on, or epmd refuses
    /// the name.
    pub async fn start(
        self,
        name: impl TryInto<NodeName, Error: Into<NameError>>,
        cookie: Cookie,
    ) -> Result<Node, StartError> {
        let name: NodeName = name.try_into().map_err(Into::into)?;
        check_own_name(&name).map_err(|problem| NameError::Node { name: name.to_string(), problem })?;
        let (listen, drain, readers) = (self.listen, self.drain, self.readers);
        let mut config = self.config(Identity::incarnation(name.into()), cookie)?;
        if listen.is_some() {
            config.readers = start_readers(readers.unwrap_or_else(default_readers));
        }
        let inner = Arc::new(Inner::new(config)?);
        if let Some(listen) = listen {
            listen::start::<Dispatch>(&inner, listen).await?;
        }
        Ok(end_with_its_services(inner, drain))
    }

    /// Starts a node with a dynamic name (`erl -name undefined`): it connects to the node `peer`, which assigns it a
    /// name at `host`. The node keeps that name, even when the connection is lost.
    ///
    /// # Errors
    /// Returns the errors of [`Self::start`], and an error when `peer` cannot be connected to or assigns no name.
    pub async fn start_unnamed(
        self,
        host: &str,
        peer: impl TryInto<NodeName, Error: Into<NameError>>,
        cookie: Cookie,
    ) -> Result<Node, StartUnnamedError> {
        let peer: NodeName = peer.try_into().map_err(|error| ConnectError::Name(error.into()))?;
        let locate = match self.locate {
            Some(locate) => locate,
            None => Locate::from_environment().map_err(StartError::Epmd)?,
        };
        // Such nodes are hidden.
        let mut nameless = local(host, 0, &cookie, false, self.offers_fragments()?);
        nameless.flags = nameless.flags | Flags::NAME_ME;
        let connected = connect(nameless, &peer, locate, false).await?;
        let Some(given) = connected.established.given.clone() else {
            return Err(StartUnnamedError::NoName { peer: peer.to_string() });
        };
        let given_name = NodeName::new(&given.name).map_err(StartError::from)?;
        let (listen, drain, readers) = (self.listen, self.drain, self.readers);
        let mut config = self.config(Identity::new(given_name.into(), given.creation), cookie)?;
        if listen.is_some() {
            config.readers = start_readers(readers.unwrap_or_else(default_readers));
        }
        let inner = Arc::new(Inner::new(config)?);
        if let Some(listen) = listen {
            listen::start::<Dispatch>(&inner, listen).await?;
        }
        let (_, serve) = establish::<Dispatch>(&inner, connected, Drive::Task)
            .map_err(|end| ConnectError::Ended { node: peer.to_string(), end })?;
        tokio::spawn(serve);
        Ok(end_with_its_services(inner, drain))
    }
}

/// Stops the node when a service ends whose type ends the node.
fn end_with_its_services(inner: Arc<Inner>, drain: Option<Duration>) -> Node {
    let (mut fallen, node) = (inner.fallen.subscribe(), Arc::downgrade(&inner));
    tokio::spawn(async move {
        // An error when the node is gone.
        let has_fallen = fallen.wait_for(Option::is_some).await.is_ok();
        if let Some(inner) = node.upgrade().filter(|_| has_fallen) {
            Node::from_inner(inner).stop(drain.unwrap_or(drain::DEFAULT_TIME)).await;
        }
    });
    Node::from_inner(inner)
}

/// Returns the number of threads: one for each processor if there are several and the runtime has several threads,
/// otherwise 0.
fn default_readers() -> usize {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => match thread::available_parallelism().map_or(1, usize::from) {
            1 => 0,
            processors => processors.min(MAX_READERS),
        },
        _ => 0,
    }
}

/// Starts the threads. If that fails, the runtime drives the connections.
fn start_readers(count: usize) -> Option<Readers> {
    let started = (count > 0).then(|| Readers::start(count))?;
    started
        .inspect_err(
            |error| tracing::warn!(error = %Chain(error), count, "no threads for connections: the runtime serves them"),
        )
        .ok()
}
