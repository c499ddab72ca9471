//! The methods of [`Context`] that need the node.

use super::node::Node;
use crate::{
    convert::IntoTerm,
    etf::EncodeError,
    node::{connection::inner::Inner, service::context::Context},
    term::{Pid, RawTerm, Reference},
};

impl Context {
    /// Returns the node that the handler runs in, to send messages and call other processes.
    pub fn node(&self) -> Node {
        Node::from_inner(Inner::of(self))
    }

    /// Returns the pid of the service. `None` unless this is an argument of a handler.
    pub fn pid(&self) -> Option<Pid> {
        self.process().and_then(|process| process.pid()?.to_pid().ok())
    }

    /// Ends the service with this reason. The handler continues, and its reply is still sent; processes that monitor
    /// the service, or are linked to it, are notified after that.
    ///
    /// # Errors
    /// Returns an error when the reason cannot be encoded.
    pub fn stop(&self, reason: &impl IntoTerm) -> Result<(), EncodeError> {
        let reason = RawTerm::from_value(reason)?;
        if let Some(process) = self.process() {
            let inner = Inner::of(self);
            if let Some(process) = inner.registry.by_number(process.number()) {
                inner.fall(&process, &reason);
            }
        }
        Ok(())
    }

    /// Creates an alias of the service: see [`Node::alias`]. `None` if this is not an argument of a handler, or the
    /// service has ended.
    pub fn alias(&self) -> Option<Reference> {
        self.node().alias(&self.pid()?)
    }
}
