//! The node and the process of a handler.

use super::node::Node;
use crate::{
    convert::IntoTerm,
    etf::EncodeError,
    node::{connection::inner::Inner, service::context::Context},
    term::{Pid, RawTerm, Reference},
};

impl Context {
    /// Returns the node that the handler runs in, for calling out.
    pub fn node(&self) -> Node {
        Node::from_inner(Inner::of(self))
    }

    /// Returns the pid of the service that the handler belongs to. `None` unless this is an argument of a handler.
    pub fn pid(&self) -> Option<Pid> {
        self.process().and_then(|process| process.pid()?.to_pid().ok())
    }

    /// Ends the service that the handler belongs to, with this reason. The handler goes on, and its reply is still sent;
    /// whoever watches the service is told after that.
    ///
    /// # Errors
    /// Returns an error when the reason is no term.
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

    /// Returns a new alias of the service that the handler belongs to: see [`Node::alias`]. `None` unless this is an
    /// argument of a handler, and when the service has ended.
    pub fn alias(&self) -> Option<Reference> {
        self.node().alias(&self.pid()?)
    }
}
