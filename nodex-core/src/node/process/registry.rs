//! Finds the process of a message.

use std::{
    collections::HashMap,
    hash::BuildHasherDefault,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    exit_policy::ExitPolicy,
    factory::Factory,
    names::{EVERY_NODE, NameHasher, PARTS_OF_A_BEAM, position},
    service_end::ServiceType,
    service_process::{Process, ProcessRef, Role},
    table::ProcessTable,
};
use crate::{
    node::{
        error::ServiceError,
        number::Number,
        service::{extensions::Extensions, interface::Service},
        shared::Identity,
    },
    protocol::control::AtomTerm,
    term::{Atom, Pid},
};

/// All services of a node. Finding a function costs the same however many there are.
#[derive(Debug)]
pub(in crate::node) struct Registry {
    processes: Vec<Process>,
    by_name: HashMap<Box<[u8]>, usize, BuildHasherDefault<NameHasher>>,
    /// Answers any name that is not registered.
    catch_all: Option<usize>,
    /// The first of the processes that every node has; they come last.
    system: usize,
    /// The processes that start and end at run time.
    pub(in crate::node) table: ProcessTable,
    /// Modules whose functions can be called by `rpc`, and that are no processes.
    modules: Vec<Process>,
    /// Names that have no process unless a service is registered under them.
    absent: &'static [&'static str],
    /// The process that answers every name as long as no name is registered at run time: most node executables.
    /// No position if there is none.
    catch_all_only: usize,
    /// The service that answers any name, if the first one has ended and was made again.
    anew: RwLock<Option<Arc<Process>>>,
}

/// A service that the node is built with.
pub(in crate::node) struct Registration {
    /// None for any name.
    pub(in crate::node) name: Option<Atom>,
    /// What is behind it.
    pub(in crate::node) services: Vec<Box<dyn Service>>,
    pub(in crate::node) exit_policy: ExitPolicy,
    /// None unless somebody has said so.
    pub(in crate::node) ends: Option<ServiceType>,
    /// What has made the only one of the services.
    pub(in crate::node) factory: Option<Arc<Factory>>,
}

/// The services of [`EVERY_NODE`], and modules.
pub(in crate::node) struct SystemServices {
    pub(in crate::node) net_kernel: Box<dyn Service>,
    pub(in crate::node) rex: Box<dyn Service>,
    pub(in crate::node) nodex: Box<dyn Service>,
    pub(in crate::node) user: Box<dyn Service>,
    /// Modules whose functions can be called by `rpc`, and that are no processes.
    pub(in crate::node) modules: Vec<(&'static str, Box<dyn Service>)>,
}

impl Registry {
    pub(in crate::node) fn new(
        identity: &Identity,
        registrations: Vec<Registration>,
        every_node: SystemServices,
        extensions: &Extensions,
        visible: bool,
    ) -> Result<Self, ServiceError> {
        let system = registrations.len();
        let mut registry = Registry {
            processes: Vec::new(),
            by_name: HashMap::default(),
            catch_all: None,
            system,
            table: ProcessTable::new((system + EVERY_NODE.len()) as u32 + 1),
            modules: Vec::new(),
            absent: if visible { &PARTS_OF_A_BEAM } else { &[] },
            catch_all_only: usize::MAX,
            anew: RwLock::default(),
        };
        let usual = if system == 1 { ServiceType::Permanent } else { ServiceType::Temporary };
        for (position, registration) in registrations.into_iter().enumerate() {
            let Registration { name, services, exit_policy, ends, factory } = registration;
            services.iter().try_for_each(|service| service.check(extensions))?;
            match &name {
                None if registry.catch_all.is_some() => return Err(ServiceError::SecondWithoutName),
                None => registry.catch_all = Some(position),
                Some(name) => {
                    if registry.by_name.insert(name.as_bytes().into(), position).is_some() {
                        return Err(ServiceError::DuplicateName { name: name.clone() });
                    }
                }
            }
            let process = registry.process(identity, name, services, exit_policy, Role::Service)?;
            registry.processes.push(process.with_end(ends.unwrap_or(usual), factory));
        }
        let SystemServices { net_kernel, rex, nodex, user, modules } = every_node;
        let services =
            [(Role::System, net_kernel), (Role::System, rex), (Role::Console, nodex), (Role::GroupLeader, user)];
        for (name, (role, service)) in EVERY_NODE.into_iter().zip(services) {
            let name = Some(Atom::from_static(name));
            let process = registry.process(identity, name, vec![service], ExitPolicy::PERMANENT, role)?;
            registry.processes.push(process);
        }
        for (name, service) in modules {
            let pid = identity.pid(Number { id: system as u32 + 1, serial: 0 });
            let (name, services) = (Some(Atom::from_static(name)), vec![service]);
            registry.modules.push(Process::new(name, pid, services, ExitPolicy::PERMANENT, Role::System)?);
        }
        if registry.by_name.is_empty() && registry.absent.is_empty() {
            registry.catch_all_only = registry.catch_all.unwrap_or(usize::MAX);
        }
        Ok(registry)
    }

    /// Returns the next of the processes that are there from the start.
    fn process(
        &self,
        identity: &Identity,
        name: Option<Atom>,
        services: Vec<Box<dyn Service>>,
        exit_policy: ExitPolicy,
        role: Role,
    ) -> Result<Process, ServiceError> {
        // Small numbers: OTP 23 takes no more than 15 bits for the first.
        let pid = identity.pid(Number { id: self.next_id(), serial: 0 });
        Process::new(name, pid, services, exit_policy, role)
    }

    /// Replaces a service that has ended.
    pub(in crate::node) fn take_place(&self, old: &Process, new: Arc<Process>) {
        if old.name.is_none() && self.catch_all().is_none() && self.is_catch_all(old) {
            *self.anew.write().unwrap_or_else(PoisonError::into_inner) = Some(new);
        }
    }

    /// Removes a service that has ended.
    pub(in crate::node) fn forget(&self, process: &Process) {
        if process.name.is_none() {
            let mut anew = self.anew.write().unwrap_or_else(PoisonError::into_inner);
            let old = anew.take_if(|anew| anew.pid == process.pid);
            drop(anew);
            // What a service does when it is dropped may look into this table.
            drop(old);
        }
    }

    /// Returns whether this one has answered every name.
    fn is_catch_all(&self, process: &Process) -> bool {
        let first = self.catch_all.and_then(|position| self.processes.get(position));
        let anew = self.anew.read().unwrap_or_else(PoisonError::into_inner);
        first.is_some_and(|first| first.pid == process.pid) || anew.as_ref().is_some_and(|anew| anew.pid == process.pid)
    }

    /// Returns the first id that no service has.
    pub(in crate::node) fn next_id(&self) -> u32 {
        self.processes.len() as u32 + 1
    }

    /// Returns the process that answers every name, if it is so and it is alive.
    #[inline(always)]
    pub(in crate::node) fn catch_all_only(&self) -> Option<&Process> {
        let process = self.processes.get(self.catch_all_only)?;
        (!self.table.has_names() && process.address.is_alive()).then_some(process)
    }

    /// Returns the process that the node was built with and that answers this name, in UTF-8, for certain.
    #[inline(always)]
    pub(in crate::node) fn lookup_static(&self, name: &[u8]) -> Option<&Process> {
        self.catch_all_only().or_else(|| self.lookup_exact(name))
    }

    fn lookup_exact(&self, name: &[u8]) -> Option<&Process> {
        let process = self.processes.get(*self.by_name.get(name)?)?;
        process.address.is_alive().then_some(process)
    }

    /// Returns the process that answers this registered name.
    #[inline]
    pub(in crate::node) fn by_name(&self, name: AtomTerm<'_>) -> Option<ProcessRef<'_>> {
        match self.catch_all_only() {
            Some(process) => Some(ProcessRef::Permanent(process)),
            None => self.by_any_name(name),
        }
    }

    fn by_any_name(&self, name: AtomTerm<'_>) -> Option<ProcessRef<'_>> {
        let bytes = name.name_bytes();
        match bytes.is_ascii() {
            true => self.named(bytes),
            // Names outside ASCII may come in Latin-1.
            false => self.named(name.name().ok()?.as_bytes()),
        }
        .or_else(|| {
            if self.absent.iter().any(|absent| absent.as_bytes() == bytes) {
                return None;
            }
            self.catch_all().or_else(|| self.system(bytes).map(ProcessRef::Permanent))
        })
    }

    /// Returns the process that has registered this name, in UTF-8.
    pub(in crate::node) fn named(&self, name: &[u8]) -> Option<ProcessRef<'_>> {
        match self.lookup_exact(name) {
            Some(process) => Some(ProcessRef::Permanent(process)),
            None if self.table.has_names() => self.table.by_name(name).map(ProcessRef::Spawned),
            None => None,
        }
    }

    /// Returns the process that answers every name that nobody has registered.
    #[inline]
    pub(in crate::node) fn catch_all(&self) -> Option<ProcessRef<'_>> {
        let first = self.processes.get(self.catch_all?)?;
        if first.address.is_alive() {
            return Some(ProcessRef::Permanent(first));
        }
        let anew = self.anew.read().unwrap_or_else(PoisonError::into_inner).clone();
        anew.filter(|process| process.address.is_alive()).map(ProcessRef::Spawned)
    }

    /// Returns the process of this name that every node has, whatever is registered.
    #[inline]
    pub(in crate::node) fn system(&self, name: &[u8]) -> Option<&Process> {
        self.processes.get(self.system + position(name)?)
    }

    /// Returns the group leader of what the node calls elsewhere.
    pub(in crate::node) fn group_leader(&self) -> Option<&Process> {
        self.processes[self.system..].iter().find(|process| process.role == Role::GroupLeader)
    }

    /// Returns the functions of a module of OTP's that is no process.
    pub(in crate::node) fn module(&self, name: &[u8]) -> Option<&Process> {
        self.modules.iter().find(|module| module.name.as_ref().is_some_and(|own| own.as_bytes() == name))
    }

    /// Looks up a name as `erlang:whereis/1` does: a service that answers any name has no name itself.
    pub(in crate::node) fn whereis(&self, name: &[u8]) -> Option<Pid> {
        let named = self.named(name).map(|process| process.pid.clone());
        named.or_else(|| self.system(name).map(|process| process.pid.clone()))
    }

    /// Returns the process with these numbers, of this incarnation of this node.
    #[inline]
    pub(in crate::node) fn by_number(&self, number: Number) -> Option<ProcessRef<'_>> {
        match self.permanent(number) {
            Some(process) => Some(ProcessRef::Permanent(process)),
            None => self.table.service(number).map(ProcessRef::Spawned),
        }
    }

    #[inline]
    pub(in crate::node) fn permanent(&self, number: Number) -> Option<&Process> {
        let position = usize::try_from(number.id).ok()?.checked_sub(1)?;
        self.processes.get(position).filter(|process| number.serial == 0 && process.address.is_alive())
    }

    /// Returns the services that a node is built with and that have not been stopped, and those spawned since.
    pub(in crate::node) fn services(&self) -> Vec<ProcessRef<'_>> {
        let permanent = self.processes[..self.system].iter().filter(|process| process.address.is_alive());
        let spawned = self.table.services().into_iter().map(ProcessRef::Spawned);
        permanent.map(ProcessRef::Permanent).chain(spawned).collect()
    }
}
