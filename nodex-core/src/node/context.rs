//! The node and the connection that a call came through.

use std::{fmt, sync::Arc};

use super::{Extensions, Node, local::Inner, peers::Peer, watches::Watches};
use crate::{dist::Flags, etf::Encoder, term::Atom};

/// Argument of a handler: its node and the connection of the caller. Cheap to clone and to keep.
#[derive(Clone)]
pub struct Context(Arc<Origin>);

struct Origin {
    inner: Arc<Inner>,
    peer: Arc<Peer>,
}

impl Context {
    pub(super) fn new(inner: Arc<Inner>, peer: Arc<Peer>) -> Self {
        Context(Arc::new(Origin { inner, peer }))
    }

    /// The node at the other end of the connection.
    pub fn peer(&self) -> &Atom {
        self.0.peer.name()
    }

    /// The node that the handler runs in, for calling out.
    pub fn node(&self) -> Node {
        Node::from_inner(self.0.inner.clone())
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.0.inner
    }

    /// What both nodes of the connection can do.
    pub(super) fn flags(&self) -> Flags {
        self.0.peer.flags
    }

    /// Who watches our processes over the connection.
    pub(super) fn watches(&self) -> &Watches {
        &self.0.peer.watches
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.0.inner.extensions
    }

    /// Appends frames to the output of the connection.
    pub(super) fn push<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.0.peer.outbox.push(write)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("peer", self.peer()).finish_non_exhaustive()
    }
}
