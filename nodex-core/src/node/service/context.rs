//! The node and the connection that a call came through.

use std::{fmt, sync::Arc};

use super::{extensions::Extensions, kept_calls::KeptCalls, line::Line};
use crate::{
    etf::Encoder,
    node::{address::Address, counters::Counters, shared::Shared},
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
    node: Arc<dyn Shared>,
    common: Arc<Common>,
    line: Arc<Line>,
}

/// What all calls of a node have in common.
#[derive(Debug, Default)]
pub(in crate::node) struct Common {
    /// What handlers take as `State`.
    pub(in crate::node) extensions: Extensions,
    /// Callers that wait for an answer of who has kept them.
    pub(in crate::node) kept: KeptCalls,
}

impl Context {
    pub(in crate::node) fn new(node: Arc<dyn Shared>, common: Arc<Common>, line: Arc<Line>) -> Self {
        Context { origin: Arc::new(Origin { node, common, line }), process: None }
    }

    /// Returns the node at the other end of the connection.
    pub fn peer(&self) -> &Atom {
        &self.origin.line.name
    }

    /// For a handler of this process.
    pub(in crate::node) fn of(&self, process: &Arc<Address>) -> Self {
        Context { origin: self.origin.clone(), process: Some(process.clone()) }
    }

    pub(in crate::node) fn process(&self) -> Option<&Arc<Address>> {
        self.process.as_ref()
    }

    /// Returns the node that the handler runs in.
    pub(in crate::node) fn shared(&self) -> &Arc<dyn Shared> {
        &self.origin.node
    }

    /// What both nodes of the connection can do.
    pub(in crate::node) fn flags(&self) -> Flags {
        self.origin.line.flags
    }

    /// Returns the connection.
    pub(in crate::node) fn line(&self) -> &Arc<Line> {
        &self.origin.line
    }

    #[inline]
    pub(in crate::node) fn counters(&self) -> &Counters {
        &self.origin.line.counters
    }

    pub(in crate::node) fn extensions(&self) -> &Extensions {
        &self.origin.common.extensions
    }

    /// Returns the callers of this node that were kept.
    pub(in crate::node) fn kept(&self) -> &KeptCalls {
        &self.origin.common.kept
    }

    /// Appends frames to the output of the connection.
    pub(in crate::node) fn push<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.origin.line.outbox.push(write)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("peer", self.peer()).finish_non_exhaustive()
    }
}
