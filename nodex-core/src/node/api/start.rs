//! From a builder to a node that runs.

use std::{sync::Arc, time::Duration};

use super::{builder::Builder, node::Node};
use crate::{
    net::{ConnectError, Locate, connect},
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
    protocol::{
        Cookie, Flags,
        handshake::{NameProblem, check_node_name, check_own_name},
    },
    term::Atom,
};

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
        let inner = Arc::new(Inner::new(self.config(Identity::incarnation(atom), cookie))?);
        if let Some(listen) = listen {
            listen::start::<Dispatch>(&inner, listen).await?;
        }
        Ok(end_with_its_services(inner, drain))
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
        let mut nameless = local(host, 0, &cookie, false, self.offers_fragments());
        nameless.flags = nameless.flags | Flags::NAME_ME;
        let connected = connect(nameless, peer, locate, false).await?;
        let Some(given) = connected.established.given.clone() else {
            return Err(StartUnnamedError::NoName { peer: peer.to_owned() });
        };
        let bad = |problem| StartError::Name { name: given.name.clone(), problem };
        check_node_name(given.name.as_bytes()).map_err(bad)?;
        let atom = Atom::new(&given.name).map_err(|_| bad(NameProblem::TooLong { length: given.name.len() }))?;
        let (listen, drain) = (self.listen, self.drain);
        let inner = Arc::new(Inner::new(self.config(Identity::new(atom, given.creation), cookie))?);
        if let Some(listen) = listen {
            listen::start::<Dispatch>(&inner, listen).await?;
        }
        let (_, serve) = establish::<Dispatch>(&inner, connected, Drive::Task)
            .map_err(|end| ConnectError::Ended { node: peer.to_owned(), reason: end.to_string() })?;
        tokio::spawn(serve);
        Ok(end_with_its_services(inner, drain))
    }
}

/// Stops the node when a service ends with which it ends.
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
