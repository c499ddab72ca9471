//! The node and the connection that a call came through.

use std::{fmt, sync::Arc};

use super::{counters::Counters, reply_to::Address, state::Extensions};
use crate::{
    etf::Encoder,
    node::{
        api::node::Node,
        connection::{inner::Inner, peers::Peer},
        process::incoming_monitors::IncomingMonitors,
    },
    protocol::Flags,
    term::Atom,
};

/// Argument of a handler: its node and the connection of the caller. Cheap to clone and to keep.
#[derive(Clone)]
pub struct Context {
    origin: Arc<Origin>,
    /// The process whose handler got it.
    process: Option<Arc<Address>>,
}

struct Origin {
    inner: Arc<Inner>,
    peer: Arc<Peer>,
}

impl Context {
    pub(in crate::node) fn new(inner: Arc<Inner>, peer: Arc<Peer>) -> Self {
        Context { origin: Arc::new(Origin { inner, peer }), process: None }
    }

    /// The node at the other end of the connection.
    pub fn peer(&self) -> &Atom {
        self.origin.peer.name()
    }

    /// The node that the handler runs in, for calling out.
    pub fn node(&self) -> Node {
        Node::from_inner(self.origin.inner.clone())
    }

    /// For a handler of this process.
    pub(in crate::node) fn of(&self, process: &Arc<Address>) -> Self {
        Context { origin: self.origin.clone(), process: Some(process.clone()) }
    }

    pub(in crate::node) fn process(&self) -> Option<&Arc<Address>> {
        self.process.as_ref()
    }

    pub(in crate::node) fn inner(&self) -> &Arc<Inner> {
        &self.origin.inner
    }

    /// What both nodes of the connection can do.
    pub(in crate::node) fn flags(&self) -> Flags {
        self.origin.peer.flags
    }

    /// The connection.
    pub(in crate::node) fn connection(&self) -> &Arc<Peer> {
        &self.origin.peer
    }

    /// Who watches our processes over the connection.
    pub(in crate::node) fn watches(&self) -> &IncomingMonitors {
        &self.origin.peer.watches
    }

    #[inline]
    pub(in crate::node) fn counters(&self) -> &Counters {
        &self.origin.peer.counters
    }

    pub(in crate::node) fn extensions(&self) -> &Extensions {
        &self.origin.inner.extensions
    }

    /// Appends frames to the output of the connection.
    pub(in crate::node) fn push<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.origin.peer.outbox.push(write)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("peer", self.peer()).finish_non_exhaustive()
    }
}
