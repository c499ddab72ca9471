//! The node and the connection that a call came through.

use std::{fmt, sync::Arc};

use super::Extensions;
use crate::{etf::Encoder, net::Outbox, term::Atom};

/// Argument of a handler: its node and the connection of the caller. Cheap to clone and to keep.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    peer: Atom,
    outbox: Arc<Outbox>,
    extensions: Arc<Extensions>,
}

impl Context {
    pub(crate) fn new(peer: Atom, outbox: Arc<Outbox>, extensions: Arc<Extensions>) -> Self {
        Context(Arc::new(Inner { peer, outbox, extensions }))
    }

    /// The node at the other end of the connection.
    pub fn peer(&self) -> &Atom {
        &self.0.peer
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// Appends frames to the output of the connection.
    pub(super) fn push<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.0.outbox.push(write)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("peer", &self.0.peer).finish_non_exhaustive()
    }
}
