//! Services that start and end while the node runs, each with a pid of its own.

use std::sync::{Arc, atomic::Ordering};

use super::{call::CallError, node::Node, service_options::ServiceOptions};
use crate::{
    convert::IntoTerm,
    error::Chain,
    etf::{EncodeError, Encoder},
    node::{
        error::ServiceError,
        process::{
            service_end::ServiceType,
            service_process::{Process, Role},
        },
        service::interface::{IntoService, Service},
    },
    protocol::{
        NameError, ProcessName,
        control::{Control, PidTerm},
    },
    term::{Atom, Pid, RawTerm},
};

impl Node {
    /// Starts a service without a registered name; it is reached by the pid that is returned.
    ///
    /// ```
    /// # use nodex_core::{atom, protocol::Cookie, node::{Functions, NodeBuilder}};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let node = NodeBuilder::new().start("a@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
    /// let session = node.spawn(Functions::new().add("hello", || atom!("world"))).unwrap();
    /// assert_eq!(&session.node, node.name());
    /// assert_eq!(node.stop_service(&session, &atom!("shutdown")), Ok(true));
    /// # });
    /// ```
    ///
    /// # Errors
    /// Returns an error when the service cannot be served.
    pub fn spawn(&self, service: impl IntoService) -> Result<Pid, ServiceError> {
        self.spawn_with(ServiceOptions::new(), service)
    }

    /// Like [`Self::spawn`], with options.
    ///
    /// # Errors
    /// Returns an error when the service cannot be served.
    pub fn spawn_with(&self, options: ServiceOptions, service: impl IntoService) -> Result<Pid, ServiceError> {
        self.start_service(None, options, Box::new(service.into_service()))
    }

    /// Starts a service under a registered name, which it has until it ends.
    ///
    /// # Errors
    /// Returns an error when the name is taken or not valid, or the service cannot be served.
    pub fn register(
        &self,
        name: impl TryInto<ProcessName, Error: Into<NameError>>,
        service: impl IntoService,
    ) -> Result<Pid, ServiceError> {
        self.register_with(name, ServiceOptions::new(), service)
    }

    /// Like [`Self::register`], with options.
    ///
    /// # Errors
    /// Returns the errors of [`Self::register`].
    pub fn register_with(
        &self,
        name: impl TryInto<ProcessName, Error: Into<NameError>>,
        options: ServiceOptions,
        service: impl IntoService,
    ) -> Result<Pid, ServiceError> {
        let name: ProcessName = name.try_into().map_err(Into::into)?;
        self.start_service(Some(name.into()), options, Box::new(service.into_service()))
    }

    fn start_service(
        &self,
        name: Option<Atom>,
        options: ServiceOptions,
        service: Box<dyn Service>,
    ) -> Result<Pid, ServiceError> {
        let (inner, spawned) = (&self.0, &self.0.registry.table);
        service.check(&inner.common.extensions)?;
        if let Some(name) = &name
            && inner.registry.named(name.as_bytes()).is_some()
        {
            return Err(ServiceError::DuplicateName { name: name.clone() });
        }
        let number = spawned.take();
        let ends = options.ends().unwrap_or(ServiceType::Temporary);
        let process =
            Process::new(name.clone(), inner.identity.pid(number), vec![service], options.exit_policy(), Role::Service)
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

    /// Returns the pid of the service that has registered this name.
    pub fn whereis(&self, name: &str) -> Option<Pid> {
        self.0.registry.named(name.as_bytes()).map(|process| process.pid.clone())
    }

    /// Ends a service with this reason, even if it traps exit signals. The node continues with any [`ServiceType`],
    /// and no factory makes the service again. Returns `false` when no service has this pid.
    ///
    /// # Errors
    /// Returns an error when the reason cannot be encoded.
    pub fn stop_service(&self, service: &Pid, reason: &impl IntoTerm) -> Result<bool, EncodeError> {
        let reason = RawTerm::from_value(reason)?;
        let process = self.0.identity.number(service).and_then(|number| self.0.registry.by_number(number));
        let Some(process) = process.filter(|process| !process.is_system()) else { return Ok(false) };
        let ended = self.0.end(&process, &reason);
        self.0.registry.forget(&process);
        Ok(ended)
    }

    /// Links a service of this node and a process of another node. When either ends, or the connection is lost, the
    /// other receives an exit signal; [`ServiceOptions`] decides what it does to a service. If the other process does
    /// not exist, the service receives the exit signal `noproc`.
    ///
    /// # Errors
    /// Returns an error when the node cannot be connected to, or there is no such service.
    pub async fn link(&self, service: &Pid, other: &Pid) -> Result<(), CallError> {
        let peer = self.connect_to(&other.node).await.map_err(CallError::Connect)?;
        let number = self.0.identity.number(service).ok_or(CallError::NoProcess)?;
        let (own, theirs) = (encoded_pid(service), encoded_pid(other));
        let (Some(from), Some(to)) = (PidTerm::new(&own), PidTerm::new(&theirs)) else { return Ok(()) };
        let Some(process) = self.0.registry.by_number(number) else { return Err(CallError::NoProcess) };
        process.watched.store(true, Ordering::SeqCst);
        peer.line.outbox.send(|out| {
            // Under the lock of the output, so that the signals of the link are written after it.
            if peer.watches.link(number, to, usize::MAX) != Ok(true) {
                return Ok(());
            }
            if !process.address.is_alive() && peer.watches.unlink(number, to) {
                return Err(CallError::NoProcess);
            }
            Ok(Control::Link { from, to }.encode(peer.line.flags, out)?)
        })
    }

    /// Removes a link, if there is one.
    pub fn unlink(&self, service: &Pid, other: &Pid) {
        let (own, theirs) = (encoded_pid(service), encoded_pid(other));
        let (Some(from), Some(to)) = (PidTerm::new(&own), PidTerm::new(&theirs)) else { return };
        let (Some(peer), Some(number)) = (self.peer(&other.node), self.0.identity.number(service)) else { return };
        let id = Some(self.0.next_unlink());
        peer.line.outbox.send(|out| {
            if peer.watches.unlink(number, to)
                && let Err(error) = (Control::Unlink { id, from, to }).encode(peer.line.flags, out)
            {
                tracing::debug!(peer = %peer.line.name, error = %Chain(&error), "a link cannot be taken away");
            }
        });
    }
}

fn encoded_pid(pid: &Pid) -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_pid(pid);
    out.to_vec()
}
