//! Services that come and go while the node runs, each with a pid of its own.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{call::CallError, node::Node};
use crate::{
    convert::IntoTerm,
    etf::{EncodeError, Encoder},
    node::{
        process::{
            factory::Intensity,
            registry::{ExitPolicy, Process, ServiceError},
            service_end::ServiceType,
            table::Number,
        },
        service::{
            context::Context,
            interface::{IntoService, Service},
        },
    },
    protocol::control::{Control, PidTerm},
    term::{Atom, Pid, RawTerm},
};

/// How a service behaves as a process.
///
/// | | services of the [`Builder`](crate::node::Builder) | spawned ones |
/// |---|---|---|
/// | exit signals: `exit/2`, the end of a linked process or of its connection | dropped, the service goes on as a C node would | end the service with the same reason, unless that is `normal` |
/// | `exit(Pid, kill)` | ends the service with the reason `killed` | the same |
/// | a handler panics | the caller gets the error, the service goes on | the same |
///
/// These options choose otherwise. A service that has ended is gone for good: its name is free, those who monitor it or are
/// linked to it are told, and its calls that still run are dropped; who sent a plain message gets
/// `{error, {no_reply, _}}`, as do those whose [`Caller`](crate::node::Caller) was kept. What this means for the node says its
/// [`ServiceType`]; and a service that a [factory](crate::node::Builder::register_factory) has made is made anew if it has failed.
///
/// ```
/// use nodex_core::node::{Builder, Functions, ServiceOptions};
///
/// let orders = Functions::new().add("total", || 0u64);
/// let reports = Functions::new().add("daily", || "nothing");
/// let node = Builder::new()
///     // The node ends with this one, and somebody starts it again.
///     .register_with("orders", ServiceOptions::new().stop_on_panic(true).permanent(), orders)
///     // And does without this one.
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
    /// Those of a spawned service.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of the services of a builder.
    pub(in crate::node) const fn built_in() -> Self {
        ServiceOptions { trap_exit: true, stop_on_panic: false, ends: None, intensity: Intensity::USUAL }
    }

    /// Whether exit signals other than `kill` are dropped.
    #[must_use]
    pub fn trap_exit(self, trap_exit: bool) -> Self {
        ServiceOptions { trap_exit, ..self }
    }

    /// Whether a handler that panics ends the service, with the reason `{panic, Message}`. The caller gets its error first.
    #[must_use]
    pub fn stop_on_panic(self, stop_on_panic: bool) -> Self {
        ServiceOptions { stop_on_panic, ..self }
    }

    /// The node ends with the service: see [`ServiceType`].
    #[must_use]
    pub fn permanent(self) -> Self {
        ServiceOptions { ends: Some(ServiceType::Permanent), ..self }
    }

    /// The node ends with the service if that fails: see [`ServiceType`].
    #[must_use]
    pub fn transient(self) -> Self {
        ServiceOptions { ends: Some(ServiceType::Transient), ..self }
    }

    /// The node goes on without the service: see [`ServiceType`].
    #[must_use]
    pub fn temporary(self) -> Self {
        ServiceOptions { ends: Some(ServiceType::Temporary), ..self }
    }

    /// How often a factory makes the service anew, 3 times within 5 seconds unless set. One that fails more often has ended,
    /// and its [`ServiceType`] says what comes of it.
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
        ExitPolicy { trap_exit: self.trap_exit, stop_on_panic: self.stop_on_panic, system: false }
    }
}

impl Node {
    /// Serves this under a new pid, which is all that others can reach it by.
    ///
    /// ```
    /// # use nodex_core::{atom, protocol::Cookie, node::{Builder, Functions}};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let node = Builder::new().start("a@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
    /// let session = node.spawn(Functions::new().add("hello", || atom!("world"))).unwrap();
    /// assert_eq!(&session.node, node.name());
    /// assert_eq!(node.stop_service(&session, &atom!("shutdown")), Ok(true));
    /// # });
    /// ```
    ///
    /// # Errors
    /// When the service cannot be served.
    pub fn spawn(&self, service: impl IntoService) -> Result<Pid, ServiceError> {
        self.spawn_with(ServiceOptions::new(), service)
    }

    /// As [`Self::spawn`], with options.
    ///
    /// # Errors
    /// When the service cannot be served.
    pub fn spawn_with(&self, options: ServiceOptions, service: impl IntoService) -> Result<Pid, ServiceError> {
        self.start_service(None, options, Box::new(service.into_service()))
    }

    /// Serves this under a name, until it ends.
    ///
    /// # Errors
    /// When the name is taken, or no name, or the service cannot be served.
    pub fn register(&self, name: &str, service: impl IntoService) -> Result<Pid, ServiceError> {
        self.register_with(name, ServiceOptions::new(), service)
    }

    /// As [`Self::register`], with options.
    ///
    /// # Errors
    /// As [`Self::register`].
    pub fn register_with(
        &self,
        name: &str,
        options: ServiceOptions,
        service: impl IntoService,
    ) -> Result<Pid, ServiceError> {
        self.start_service(Some(Atom::new(name)?), options, Box::new(service.into_service()))
    }

    fn start_service(
        &self,
        name: Option<Atom>,
        options: ServiceOptions,
        service: Box<dyn Service>,
    ) -> Result<Pid, ServiceError> {
        let (inner, spawned) = (&self.0, &self.0.registry.spawned);
        service.check(&inner.extensions)?;
        if let Some(name) = &name
            && inner.registry.named(name.as_bytes()).is_some()
        {
            return Err(ServiceError::DuplicateName { name: name.clone() });
        }
        let number = spawned.take();
        let ends = options.ends().unwrap_or(ServiceType::Temporary);
        let process = Process::new(name.clone(), inner.pid(number), vec![service], options.exit_policy())
            .map(|process| Arc::new(process.with_end(ends, None)))
            .inspect_err(|_| spawned.release(number))?;
        let pid = process.pid.clone();
        match (spawned.set_service(number, &process), name) {
            (false, Some(name)) => {
                spawned.release(number);
                Err(ServiceError::DuplicateName { name })
            }
            _ => Ok(pid),
        }
    }

    /// The pid of the service that has registered this name.
    pub fn whereis(&self, name: &str) -> Option<Pid> {
        self.0.registry.named(name.as_bytes()).map(|process| process.pid.clone())
    }

    /// Ends a service with this reason, whether it heeds exit signals or not, and whatever its [`ServiceType`]: the node
    /// goes on, and no factory makes it anew. False when there is none of this pid.
    ///
    /// # Errors
    /// When the reason is no term.
    pub fn stop_service(&self, service: &Pid, reason: &impl IntoTerm) -> Result<bool, EncodeError> {
        let reason = RawTerm::from_value(reason)?;
        let process = self.own(service).and_then(|number| self.0.registry.by_number(number));
        let Some(process) = process.filter(|process| !process.exit_policy.system) else { return Ok(false) };
        let ended = self.0.end(&process, &reason);
        self.0.registry.forget(&process);
        Ok(ended)
    }

    /// Links a service of this node and a process of another one: the end of either is an exit signal to the other, and so
    /// is the loss of the connection. See [`ServiceOptions`] for what a service does about it.
    ///
    /// # Errors
    /// When there is no connection, or no such service. A process that is not there gives an exit signal `noproc`.
    pub async fn link(&self, service: &Pid, other: &Pid) -> Result<(), CallError> {
        let peer = self.connect(&other.node).await.map_err(CallError::Connect)?;
        let number = self.own(service).ok_or(CallError::NoProcess)?;
        let (own, theirs) = (encoded_pid(service), encoded_pid(other));
        let (Some(from), Some(to)) = (PidTerm::new(&own), PidTerm::new(&theirs)) else { return Ok(()) };
        let Some(process) = self.0.registry.by_number(number) else { return Err(CallError::NoProcess) };
        process.watched.store(true, Ordering::SeqCst);
        peer.outbox.send(|out| {
            // Under the lock of the output, so that what comes of the link is said after it.
            if peer.watches.link(number, to, usize::MAX) != Ok(true) {
                return Ok(());
            }
            if !process.address.is_alive() && peer.watches.unlink(number, to) {
                return Err(CallError::NoProcess);
            }
            Ok(Control::Link { from, to }.encode(peer.flags, out)?)
        })
    }

    /// Takes a link away, if there is one.
    pub fn unlink(&self, service: &Pid, other: &Pid) {
        let (own, theirs) = (encoded_pid(service), encoded_pid(other));
        let (Some(from), Some(to)) = (PidTerm::new(&own), PidTerm::new(&theirs)) else { return };
        let (Some(peer), Some(number)) = (self.peer(&other.node), self.own(service)) else { return };
        let id = Some(self.0.next_unlink());
        peer.outbox.send(|out| {
            if peer.watches.unlink(number, to)
                && let Err(error) = (Control::Unlink { id, from, to }).encode(peer.flags, out)
            {
                tracing::debug!(peer = %peer.name, %error, "a link cannot be taken away");
            }
        });
    }

    /// The numbers of a pid of this node.
    pub(in crate::node) fn own(&self, pid: &Pid) -> Option<Number> {
        let own = pid.node == self.0.name && pid.creation == self.0.creation;
        own.then_some(Number { id: pid.id, serial: pid.serial })
    }
}

impl Context {
    /// The pid of the service that the handler belongs to. `None` unless this is an argument of a handler.
    pub fn pid(&self) -> Option<Pid> {
        self.process().and_then(|process| process.pid()?.to_pid().ok())
    }

    /// Ends the service that the handler belongs to, with this reason. The handler goes on, and its reply is still sent;
    /// whoever watches the service is told after that.
    ///
    /// # Errors
    /// When the reason is no term.
    pub fn stop(&self, reason: &impl IntoTerm) -> Result<(), EncodeError> {
        let reason = RawTerm::from_value(reason)?;
        if let Some(process) = self.process()
            && let Some(process) = self.inner().registry.by_number(process.number())
        {
            self.inner().fall(&process, &reason);
        }
        Ok(())
    }
}

fn encoded_pid(pid: &Pid) -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_pid(pid);
    out.to_vec()
}
