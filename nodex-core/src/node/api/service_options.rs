//! [`ServiceOptions`].

use std::time::Duration;

use crate::node::process::{exit_policy::ExitPolicy, factory::Intensity, service_end::ServiceType};

/// How a service behaves as a process.
///
/// | | services of the [`NodeBuilder`](crate::node::NodeBuilder) | spawned services |
/// |---|---|---|
/// | exit signals: `exit/2`, the end of a linked process or of its connection | are dropped, as in a C node | end the service with the same reason, unless that is `normal` |
/// | `exit(Pid, kill)` | ends the service with the reason `killed` | the same |
/// | a handler panics | the caller receives the error, the service continues | the same |
///
/// These options change that. When a service ends, its name is free, and processes that monitor it or are linked to it
/// are told. Its running calls are dropped: their callers, and those whose [`Caller`](crate::node::Caller) was kept,
/// receive `{error, {no_reply, _}}`. [`ServiceType`] decides what the end means for the node. A service that a
/// [factory](crate::node::NodeBuilder::register_factory) has made is made again if it fails.
///
/// ```
/// use nodex_core::node::{Functions, NodeBuilder, ServiceOptions};
///
/// let orders = Functions::new().add("total", || 0u64);
/// let reports = Functions::new().add("daily", || "nothing");
/// let node = NodeBuilder::new()
///     // The node ends with this service, and its host starts it again.
///     .register_with("orders", ServiceOptions::new().stop_on_panic(true).permanent(), orders)
///     // The node continues without this service.
///     .register("reports", reports);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceOptions {
    trap_exit: bool,
    stop_on_panic: bool,
    ends: Option<ServiceType>,
    intensity: Intensity,
}

impl ServiceOptions {
    /// Creates the options of a spawned service: signals are not trapped, and the node outlives it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the options of a service that the node is built with.
    pub(in crate::node) const fn built_in() -> Self {
        ServiceOptions { trap_exit: true, stop_on_panic: false, ends: None, intensity: Intensity::USUAL }
    }

    /// Sets whether exit signals other than `kill` are dropped.
    #[must_use]
    pub fn trap_exit(self, trap_exit: bool) -> Self {
        ServiceOptions { trap_exit, ..self }
    }

    /// Sets whether a handler that panics ends the service, with the reason `{panic, Message}`. The caller gets its
    /// error first.
    #[must_use]
    pub fn stop_on_panic(self, stop_on_panic: bool) -> Self {
        ServiceOptions { stop_on_panic, ..self }
    }

    /// Ends the node with the service: see [`ServiceType`].
    #[must_use]
    pub fn permanent(self) -> Self {
        ServiceOptions { ends: Some(ServiceType::Permanent), ..self }
    }

    /// Ends the node with the service if the service fails: see [`ServiceType`].
    #[must_use]
    pub fn transient(self) -> Self {
        ServiceOptions { ends: Some(ServiceType::Transient), ..self }
    }

    /// Keeps the node running without the service: see [`ServiceType`].
    #[must_use]
    pub fn temporary(self) -> Self {
        ServiceOptions { ends: Some(ServiceType::Temporary), ..self }
    }

    /// Sets how often a factory makes the service again: 3 times within 5 seconds by default. A service that fails more
    /// often has ended; its [`ServiceType`] decides what happens then.
    #[must_use]
    pub fn at_most(self, times: usize, within: Duration) -> Self {
        ServiceOptions { intensity: Intensity { times, within }, ..self }
    }

    pub(in crate::node) fn ends(self) -> Option<ServiceType> {
        self.ends
    }

    pub(in crate::node) fn intensity(self) -> Intensity {
        self.intensity
    }

    pub(in crate::node) fn exit_policy(self) -> ExitPolicy {
        ExitPolicy { trap_exit: self.trap_exit, stop_on_panic: self.stop_on_panic }
    }
}
