//! The consequences of the end of a service: it is created again, or the node ends, or the node continues.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use crate::{
    error::Chain,
    node::{
        connection::inner::Inner,
        process::{
            factory::{Factory, Intensity},
            service_end::{ServiceEnd, is_ordinary},
            service_process::Process,
        },
    },
    term::RawTerm,
};

/// Handles the end of a service: creates it again, ends the node, or continues.
pub(super) fn has_ended(inner: &Inner, process: &Process, reason: &RawTerm) {
    if !is_ordinary(reason)
        && let Some(factory) = &process.factory
        && make_anew(inner, process, factory)
    {
        return;
    }
    inner.registry.forget(process);
    if !process.ends.takes_the_node(reason) {
        return;
    }
    let end = ServiceEnd { name: process.name.clone(), pid: process.pid.clone(), reason: reason.clone() };
    let first = inner.fallen.send_if_modified(|fallen| {
        let first = fallen.is_none();
        fallen.get_or_insert_with(|| Arc::new(end.clone()));
        first
    });
    if first {
        tracing::error!(%end, "the node ends with a service");
        inner.begin_stop();
    }
}

/// Replaces a service that has ended by a new one with the same name and another pid. Returns `false` when that fails.
fn make_anew(inner: &Inner, old: &Process, factory: &Arc<Factory>) -> bool {
    let name = old.name.as_deref().unwrap_or_default();
    if !factory.may_make(Instant::now()) {
        let Intensity { times, within } = factory.intensity;
        tracing::error!(name, times, ?within, "a service was made anew too often, and is not again");
        return false;
    }
    let Ok(service) = catch_unwind(AssertUnwindSafe(|| factory.make())) else {
        tracing::error!(name, "a service cannot be made anew: its factory panicked");
        return false;
    };
    if let Err(error) = service.check(&inner.common.extensions) {
        tracing::error!(name, error = %Chain(&error), "a service cannot be made anew");
        return false;
    }
    let number = inner.registry.table.take();
    let process = Process::new(old.name.clone(), inner.identity.pid(number), vec![service], old.exit_policy, old.role);
    let process = match process {
        Ok(process) => Arc::new(process.with_end(old.ends, Some(factory.clone()))),
        Err(error) => {
            inner.registry.table.release(number);
            tracing::error!(name, error = %Chain(&error), "a service cannot be made anew");
            return false;
        }
    };
    if !inner.registry.table.set_service(number, &process) {
        inner.registry.table.release(number);
        tracing::error!(name, "a service cannot be made anew: its name was taken");
        return false;
    }
    tracing::warn!(name, pid = ?process.pid, "a service was made anew");
    inner.registry.take_place(old, process);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        atom,
        node::{Functions, NodeBuilder, testing::TestNode},
    };

    #[tokio::test]
    async fn one_that_was_made_anew_and_is_stopped_is_dropped() {
        let held = Arc::new(());
        let holders = Arc::downgrade(&held);
        let make = move || {
            let held = held.clone();
            Functions::new().add("count", move || Arc::strong_count(&held))
        };
        let node = TestNode::start(NodeBuilder::new().factory(make)).await.unwrap();
        let registry = &node.node().0.registry;
        node.node().0.fall(&registry.catch_all().unwrap(), &RawTerm::from_value(&atom!("killed")).unwrap());
        let pid = registry.catch_all().unwrap().pid.clone();
        // The factory, the first one, which the node was built with, and the second one.
        assert_eq!(holders.strong_count(), 3);
        assert_eq!(node.node().stop_service(&pid, &atom!("shutdown")), Ok(true));
        assert_eq!((holders.strong_count(), registry.catch_all().is_none()), (2, true));
        assert_eq!(node.node().stop_service(&pid, &atom!("shutdown")), Ok(false));
    }
}
