//! Which service a message goes to.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use super::{Extensions, Function, MissingState, Service, route::Address, system};
use crate::{
    dist::control::AtomTerm,
    term::{Atom, Pid},
};

/// All services of a node. Finding a function costs the same however many there are.
#[derive(Debug)]
pub(super) struct Registry {
    processes: Vec<Process>,
    by_name: HashMap<Box<[u8]>, usize, BuildHasherDefault<NameHasher>>,
    /// Answers any name that is not registered.
    anonymous: Option<usize>,
    /// The first of the processes that every node has; they come last.
    system: usize,
}

/// Services behind one pid.
pub(super) struct Process {
    pub(super) name: Option<Atom>,
    pub(super) pid: Pid,
    /// The pid, encoded.
    pub(super) address: Arc<Address>,
    services: Vec<Box<dyn Service>>,
    functions: Functions,
}

/// Name to arities; nearly always one.
type Functions = HashMap<Box<[u8]>, Vec<Target>, BuildHasherDefault<NameHasher>>;

#[derive(Debug)]
struct Target {
    arity: usize,
    service: usize,
    index: usize,
    function: Function,
}

/// What the registry is built from: a name, or none for any name, and the services behind it.
pub(super) type Registration = (Option<Atom>, Vec<Box<dyn Service>>);

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
    /// A handler takes a state that is not there.
    #[error(transparent)]
    MissingState(#[from] MissingState),
}

impl Registry {
    pub(super) fn new(
        node: &Atom,
        creation: u32,
        registrations: Vec<Registration>,
        extensions: &Extensions,
    ) -> Result<Self, ServiceError> {
        let mut registry = Registry {
            processes: Vec::new(),
            by_name: HashMap::default(),
            anonymous: None,
            system: registrations.len(),
        };
        for (position, (name, services)) in registrations.into_iter().enumerate() {
            services.iter().try_for_each(|service| service.check(extensions))?;
            match &name {
                None => registry.anonymous = Some(position),
                Some(name) => {
                    if registry.by_name.insert(name.as_bytes().into(), position).is_some() {
                        return Err(ServiceError::DuplicateName { name: name.clone() });
                    }
                }
            }
            registry.push(node, creation, name, services)?;
        }
        for (name, service) in system::services() {
            registry.push(node, creation, Some(Atom::from_static(name)), vec![service])?;
        }
        Ok(registry)
    }

    fn push(
        &mut self,
        node: &Atom,
        creation: u32,
        name: Option<Atom>,
        services: Vec<Box<dyn Service>>,
    ) -> Result<(), ServiceError> {
        // Small numbers: OTP 23 takes no more than 15 bits for the first.
        let pid = Pid { node: node.clone(), id: self.next_id(), serial: 0, creation };
        self.processes.push(Process::new(name, pid, services)?);
        Ok(())
    }

    /// The first id that no service has.
    pub(super) fn next_id(&self) -> u32 {
        self.processes.len() as u32 + 1
    }

    /// The process that answers this registered name.
    #[inline]
    pub(super) fn by_name(&self, name: AtomTerm<'_>) -> Option<&Process> {
        if self.by_name.is_empty()
            && let Some(anonymous) = self.anonymous
        {
            return self.processes.get(anonymous);
        }
        let bytes = name.name_bytes();
        let position = match self.by_name.get(bytes) {
            Some(position) => Some(*position),
            // Names outside ASCII may come in Latin-1.
            None if !bytes.is_ascii() => self.by_name.get(name.name().ok()?.as_bytes()).copied(),
            None => None,
        };
        match position.or(self.anonymous) {
            Some(position) => self.processes.get(position),
            None => self.system(name),
        }
    }

    /// The process of this name that every node has, whatever is registered.
    pub(super) fn system(&self, name: AtomTerm<'_>) -> Option<&Process> {
        let is_named =
            |process: &&Process| process.name.as_ref().is_some_and(|own| own.as_bytes() == name.name_bytes());
        self.processes[self.system..].iter().find(is_named)
    }

    /// The process with these numbers, of this incarnation of this node.
    #[inline]
    pub(super) fn by_id(&self, id: u32, serial: u32) -> Option<&Process> {
        let position = usize::try_from(id).ok()?.checked_sub(1)?;
        self.processes.get(position).filter(|_| serial == 0)
    }
}

impl Process {
    fn new(name: Option<Atom>, pid: Pid, services: Vec<Box<dyn Service>>) -> Result<Self, ServiceError> {
        let mut functions = Functions::default();
        for (position, service) in services.iter().enumerate() {
            for (index, function) in service.functions().into_iter().enumerate() {
                let targets = functions.entry(function.name.as_bytes().into()).or_default();
                let arity = function.arity;
                if targets.iter().any(|target| target.arity == usize::from(arity)) {
                    return Err(ServiceError::DuplicateFunction { name: function.name, arity });
                }
                targets.push(Target { arity: arity.into(), service: position, index, function });
            }
        }
        let address = Arc::new(Address::new(&pid));
        Ok(Process { name, pid, address, services, functions })
    }

    /// The function `name/arity`.
    #[inline]
    pub(super) fn function(&self, name: &[u8], arity: usize) -> Option<(&dyn Service, usize, &Function)> {
        let target = self.functions.get(name)?.iter().find(|target| target.arity == arity)?;
        Some((&*self.services[target.service], target.index, &target.function))
    }
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").field("name", &self.name).field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// FNV-1a, eight bytes at a time. Its keys are the node's own function names, so nobody can choose them to collide.
#[derive(Debug, Default)]
pub(super) struct NameHasher(u64);

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
