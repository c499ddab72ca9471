//! Which service a message goes to.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    ops::Deref,
    sync::{Arc, PoisonError, RwLock, atomic::AtomicBool},
};

use super::{
    factory::Factory,
    service_end::ServiceType,
    table::{Found, Number, Processes},
};
use crate::{
    node::{
        service::{
            function_table::{FunctionTable, Target},
            interface::{Function, Service},
            reply_to::Address,
            state::{Extensions, MissingState},
        },
        system::{modules, services as system},
    },
    protocol::control::AtomTerm,
    term::{Atom, AtomError, Pid},
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
    /// Those that come and go.
    pub(in crate::node) spawned: Processes,
    /// Modules whose functions can be called by `rpc`, and that are no processes.
    modules: Vec<Process>,
    /// Names that nobody has unless a service is registered under them.
    absent: &'static [&'static str],
    /// The process that answers every name as long as no name is registered at run time: most node executables.
    /// No position if there is none.
    catch_all_only: usize,
    /// The service that answers any name, if the first one has ended and was made anew.
    anew: RwLock<Option<Arc<Process>>>,
}

/// What BEAMs send to visible nodes by themselves goes to these names. That there is nobody is an answer they can work
/// with; a service that takes messages to any name would leave them waiting for one.
const PARTS_OF_A_BEAM: [&str; 3] = ["global_name_server", "global_group", "pg"];

/// Services behind one pid.
pub(in crate::node) struct Process {
    pub(in crate::node) name: Option<Atom>,
    pub(in crate::node) pid: Pid,
    /// The pid, encoded.
    pub(in crate::node) address: Arc<Address>,
    pub(in crate::node) exit_policy: ExitPolicy,
    /// Somebody has linked or monitored it.
    pub(in crate::node) watched: AtomicBool,
    /// What its end means for the node.
    pub(in crate::node) ends: ServiceType,
    /// Makes it anew.
    pub(in crate::node) factory: Option<Arc<Factory>>,
    functions: FunctionTable,
    /// Those without functions live as long as the others.
    services: Vec<Arc<dyn Service>>,
}

/// What a process does about exit signals and panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct ExitPolicy {
    /// Exit signals other than `kill` are dropped.
    pub(in crate::node) trap_exit: bool,
    /// A handler that panics ends the process.
    pub(in crate::node) stop_on_panic: bool,
    /// Nothing ends it.
    pub(in crate::node) system: bool,
}

impl ExitPolicy {
    /// Of the services that a node is built with: they are there as long as the node.
    pub(in crate::node) const PERMANENT: ExitPolicy =
        ExitPolicy { trap_exit: true, stop_on_panic: false, system: false };
    /// Of the processes that every node has.
    const SYSTEM: ExitPolicy = ExitPolicy { trap_exit: true, stop_on_panic: false, system: true };
}

/// A process that was looked up.
#[derive(Debug)]
pub(in crate::node) enum ProcessRef<'a> {
    Permanent(&'a Process),
    Spawned(Arc<Process>),
}

impl Deref for ProcessRef<'_> {
    type Target = Process;
    #[inline]
    fn deref(&self) -> &Process {
        match self {
            ProcessRef::Permanent(process) => process,
            ProcessRef::Spawned(process) => process,
        }
    }
}

/// What the registry is built from.
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

/// A set of services that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Two functions of one name and arity.
    #[error("{name}/{arity} is there twice")]
    DuplicateFunction {
        /// The name.
        name: Atom,
        /// The arity.
        arity: u8,
    },
    /// Two services of one name.
    #[error("the name {name} is registered twice")]
    DuplicateName {
        /// The name.
        name: Atom,
    },
    /// Several services without a name, of which a factory makes one: each of them would take every message.
    #[error("a service that a factory makes and that has no name cannot stand beside another one without a name")]
    SecondWithoutName,
    /// The name is too long.
    #[error("no service can have this name: {0}")]
    Name(#[from] AtomError),
    /// A handler takes a state that is not there.
    #[error(transparent)]
    MissingState(#[from] MissingState),
}

impl Registry {
    pub(in crate::node) fn new(
        node: &Atom,
        creation: u32,
        registrations: Vec<Registration>,
        extensions: &Extensions,
        visible: bool,
    ) -> Result<Self, ServiceError> {
        let (system, system_services) = (registrations.len(), system::services());
        let mut registry = Registry {
            processes: Vec::new(),
            by_name: HashMap::default(),
            catch_all: None,
            system,
            spawned: Processes::new((system + system_services.len()) as u32 + 1),
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
            let process = registry.process(node, creation, name, services, exit_policy)?;
            registry.processes.push(process.with_end(ends.unwrap_or(usual), factory));
        }
        for (name, service) in system::NAMES.into_iter().zip(system_services) {
            let name = Some(Atom::from_static(name));
            let process = registry.process(node, creation, name, vec![service], ExitPolicy::SYSTEM)?;
            registry.processes.push(process);
        }
        for (name, service) in modules::modules() {
            let pid = Pid { node: node.clone(), id: system as u32 + 1, serial: 0, creation };
            let module = Process::new(Some(Atom::from_static(name)), pid, vec![service], ExitPolicy::SYSTEM)?;
            registry.modules.push(module);
        }
        if registry.by_name.is_empty() && registry.absent.is_empty() {
            registry.catch_all_only = registry.catch_all.unwrap_or(usize::MAX);
        }
        Ok(registry)
    }

    /// The next of the processes that are there from the start.
    fn process(
        &self,
        node: &Atom,
        creation: u32,
        name: Option<Atom>,
        services: Vec<Box<dyn Service>>,
        exit_policy: ExitPolicy,
    ) -> Result<Process, ServiceError> {
        // Small numbers: OTP 23 takes no more than 15 bits for the first.
        let pid = Pid { node: node.clone(), id: self.next_id(), serial: 0, creation };
        Process::new(name, pid, services, exit_policy)
    }

    /// A service has taken the place of another one that has ended.
    pub(in crate::node) fn take_place(&self, old: &Process, new: Arc<Process>) {
        if old.name.is_none() && self.catch_all().is_none() && self.is_catch_all(old) {
            *self.anew.write().unwrap_or_else(PoisonError::into_inner) = Some(new);
        }
    }

    /// A service has ended, and none takes its place.
    pub(in crate::node) fn forget(&self, process: &Process) {
        if process.name.is_none() {
            let mut anew = self.anew.write().unwrap_or_else(PoisonError::into_inner);
            let old = anew.take_if(|anew| anew.pid == process.pid);
            drop(anew);
            // What a service does when it is dropped may look into this table.
            drop(old);
        }
    }

    /// Whether this one has answered every name.
    fn is_catch_all(&self, process: &Process) -> bool {
        let first = self.catch_all.and_then(|position| self.processes.get(position));
        let anew = self.anew.read().unwrap_or_else(PoisonError::into_inner);
        first.is_some_and(|first| first.pid == process.pid) || anew.as_ref().is_some_and(|anew| anew.pid == process.pid)
    }

    /// The first id that no service has.
    pub(in crate::node) fn next_id(&self) -> u32 {
        self.processes.len() as u32 + 1
    }

    /// The process that answers every name, if it is so and it is alive.
    #[inline(always)]
    pub(in crate::node) fn catch_all_only(&self) -> Option<&Process> {
        let process = self.processes.get(self.catch_all_only)?;
        (!self.spawned.has_names() && process.address.is_alive()).then_some(process)
    }

    /// The process that the node was built with and that answers this name, in UTF-8, for certain.
    #[inline(always)]
    pub(in crate::node) fn lookup_static(&self, name: &[u8]) -> Option<&Process> {
        self.catch_all_only().or_else(|| self.lookup_exact(name))
    }

    fn lookup_exact(&self, name: &[u8]) -> Option<&Process> {
        let process = self.processes.get(*self.by_name.get(name)?)?;
        process.address.is_alive().then_some(process)
    }

    /// The process that answers this registered name.
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

    /// The process that has registered this name, in UTF-8.
    pub(in crate::node) fn named(&self, name: &[u8]) -> Option<ProcessRef<'_>> {
        match self.lookup_exact(name) {
            Some(process) => Some(ProcessRef::Permanent(process)),
            None if self.spawned.has_names() => self.spawned.by_name(name).map(ProcessRef::Spawned),
            None => None,
        }
    }

    /// The process that answers every name that nobody has registered.
    #[inline]
    pub(in crate::node) fn catch_all(&self) -> Option<ProcessRef<'_>> {
        let first = self.processes.get(self.catch_all?)?;
        if first.address.is_alive() {
            return Some(ProcessRef::Permanent(first));
        }
        let anew = self.anew.read().unwrap_or_else(PoisonError::into_inner).clone();
        anew.filter(|process| process.address.is_alive()).map(ProcessRef::Spawned)
    }

    /// The process of this name that every node has, whatever is registered.
    #[inline]
    pub(in crate::node) fn system(&self, name: &[u8]) -> Option<&Process> {
        self.processes.get(self.system + system::position(name)?)
    }

    /// The functions of a module of OTP's that is no process.
    pub(in crate::node) fn module(&self, name: &[u8]) -> Option<&Process> {
        self.modules.iter().find(|module| module.name.as_ref().is_some_and(|own| own.as_bytes() == name))
    }

    /// As `erlang:whereis/1`: what answers any name has none itself.
    pub(in crate::node) fn whereis(&self, name: &[u8]) -> Option<Pid> {
        let named = self.named(name).map(|process| process.pid.clone());
        named.or_else(|| self.system(name).map(|process| process.pid.clone()))
    }

    /// The process with these numbers, of this incarnation of this node.
    #[inline]
    pub(in crate::node) fn by_number(&self, number: Number) -> Option<ProcessRef<'_>> {
        match self.permanent(number) {
            Some(process) => Some(ProcessRef::Permanent(process)),
            None => match self.spawned.get(number)? {
                Found::Service(process) => Some(ProcessRef::Spawned(process)),
                Found::Call(_) => None,
            },
        }
    }

    #[inline]
    pub(in crate::node) fn permanent(&self, number: Number) -> Option<&Process> {
        let position = usize::try_from(number.id).ok()?.checked_sub(1)?;
        self.processes.get(position).filter(|process| number.serial == 0 && process.address.is_alive())
    }

    /// The services that a node is built with and that have not been stopped, and those spawned since.
    pub(in crate::node) fn services(&self) -> Vec<ProcessRef<'_>> {
        let permanent = self.processes[..self.system].iter().filter(|process| process.address.is_alive());
        let spawned = self.spawned.services().into_iter().map(ProcessRef::Spawned);
        permanent.map(ProcessRef::Permanent).chain(spawned).collect()
    }
}

impl Process {
    pub(in crate::node) fn new(
        name: Option<Atom>,
        pid: Pid,
        services: Vec<Box<dyn Service>>,
        exit_policy: ExitPolicy,
    ) -> Result<Self, ServiceError> {
        let services: Vec<Arc<dyn Service>> = services.into_iter().map(Arc::from).collect();
        let mut targets = Vec::new();
        for service in &services {
            let functions = service.functions().into_iter().enumerate();
            targets.extend(functions.map(|(index, function)| Target { service: service.clone(), index, function }));
        }
        let functions = FunctionTable::new(targets)
            .map_err(|Function { name, arity, .. }| ServiceError::DuplicateFunction { name, arity })?;
        let address = Arc::new(Address::new(&pid));
        let (watched, ends, factory) = (AtomicBool::new(false), ServiceType::Temporary, None);
        Ok(Process { name, pid, address, exit_policy, watched, ends, factory, functions, services })
    }

    /// What its end means, and what makes it anew.
    pub(in crate::node) fn with_end(self, ends: ServiceType, factory: Option<Arc<Factory>>) -> Self {
        Process { ends, factory, ..self }
    }

    /// Its services.
    pub(in crate::node) fn services(&self) -> &[Arc<dyn Service>] {
        &self.services
    }

    /// True for the one of the processes that every node has which people talk to.
    pub(in crate::node) fn is_introspection(&self) -> bool {
        self.exit_policy.system && self.name.as_ref().is_some_and(|name| *name == "nodex")
    }

    /// True for the group leader of what the node calls elsewhere.
    pub(in crate::node) fn is_user(&self) -> bool {
        self.exit_policy.system && self.name.as_ref().is_some_and(|name| *name == system::USER)
    }

    /// All its functions.
    pub(in crate::node) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().map(|target| &target.function)
    }

    /// The function `name/arity`. The name is the first `length` of these bytes.
    #[inline(always)]
    pub(in crate::node) fn function(&self, name: &[u8], length: usize, arity: usize) -> Option<&Target> {
        self.functions.get(name, length, arity)
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("name", &self.name).field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// FNV-1a, eight bytes at a time. Its keys are the node's own function names, so nobody can choose them to collide.
#[derive(Debug, Default)]
pub(in crate::node) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        const PRIME: u64 = 0x0000_0100_0000_01B3;
        let mut hash = self.0 ^ 0xCBF2_9CE4_8422_2325;
        let (words, rest) = bytes.as_chunks();
        for word in words {
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29);
        }
        for &byte in rest {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        // The table takes its buckets from the low and its tags from the high bits.
        self.0 = hash ^ (hash >> 32);
    }

    #[inline]
    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }
}
