//! [`Shared`] of a running node: what its services need of it.

use std::{any::Any, sync::Arc};

use super::inner::Inner;
use crate::{
    node::{number::Number, service::context::Context, shared::Shared},
    term::RawTerm,
};

impl Shared for Inner {
    fn notify_watchers(&self, process: Number, reason: &RawTerm) {
        for peer in self.peers.all() {
            if peer.watches.ended(process, reason) {
                peer.line.outbox.wake();
            }
        }
    }

    fn rpc_process_ended(&self, process: Number) {
        self.registry.table.release(process);
    }

    fn call_ended(&self) {
        if self.drain.asked() {
            for peer in self.peers.all() {
                peer.line.outbox.wake();
            }
        }
    }
}

impl Inner {
    /// Returns the node of a call.
    pub(in crate::node) fn of(context: &Context) -> Arc<Inner> {
        let shared: Arc<dyn Any + Send + Sync> = context.shared().clone();
        match shared.downcast() {
            Ok(inner) => inner,
            Err(_) => unreachable!("contexts are made for nodes only"),
        }
    }
}
