//! A process with services behind its pid.

use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    exit_policy::ExitPolicy,
    factory::Factory,
    function_table::{FunctionTable, Target},
    service_end::ServiceType,
};
use crate::{
    node::{
        address::Address,
        error::ServiceError,
        service::interface::{Function, Service},
    },
    term::{Atom, Pid},
};

/// Services behind one pid.
pub(in crate::node) struct Process {
    pub(in crate::node) name: Option<Atom>,
    pub(in crate::node) pid: Pid,
    /// The pid, encoded.
    pub(in crate::node) address: Arc<Address>,
    pub(in crate::node) exit_policy: ExitPolicy,
    pub(in crate::node) role: Role,
    /// Somebody has linked or monitored it.
    pub(in crate::node) watched: AtomicBool,
    /// What its end means for the node.
    pub(in crate::node) ends: ServiceType,
    /// Creates the service again.
    pub(in crate::node) factory: Option<Arc<Factory>>,
    functions: FunctionTable,
    /// Those without functions live as long as the others.
    services: Vec<Arc<dyn Service>>,
}

/// What a process is to the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Role {
    /// A service of the program.
    Service,
    /// One of those that every node has. It answers nothing but calls of its functions.
    System,
    /// The one of them which people talk to.
    Console,
    /// The group leader of what the node calls elsewhere.
    GroupLeader,
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

impl Process {
    pub(in crate::node) fn new(
        name: Option<Atom>,
        pid: Pid,
        services: Vec<Box<dyn Service>>,
        exit_policy: ExitPolicy,
        role: Role,
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
        Ok(Process { name, pid, address, exit_policy, role, watched, ends, factory, functions, services })
    }

    /// The consequence of its end, and its factory.
    pub(in crate::node) fn with_end(self, ends: ServiceType, factory: Option<Arc<Factory>>) -> Self {
        Process { ends, factory, ..self }
    }

    /// Returns its services.
    pub(in crate::node) fn services(&self) -> &[Arc<dyn Service>] {
        &self.services
    }

    /// Returns `true` for the processes that every node has. Nothing ends them.
    pub(in crate::node) fn is_system(&self) -> bool {
        self.role != Role::Service
    }

    /// Returns all its functions.
    pub(in crate::node) fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().map(|target| &target.function)
    }

    /// Returns the function `name/arity`. The name is the first `length` of these bytes.
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
