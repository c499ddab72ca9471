//! The table of the processes that come and go, by the numbers in their pids.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    rpc_process::RpcProcess,
    service_process::Process,
    waiting::{Outcome, Waiting},
};
use crate::node::{
    moment::Moment,
    number::{Number, SMALL_SERIAL},
};

/// So many numbers stay unused before one is used again: with the serial, half a million processes later at the earliest.
const RESTING: usize = 64;

/// Services that were spawned while the node runs, calls by rpc for as long as they run, calls of this node that wait for
/// their replies, and mailboxes. Their ids begin where those of the services end that the node is built with, and stay small,
/// because OTP 23 takes ids of 15 bits only.
#[derive(Debug)]
pub(in crate::node) struct ProcessTable {
    pub(super) base: u32,
    slots: RwLock<Slots>,
    /// How many services there are, and how many of them have names; readable without the lock.
    services: AtomicUsize,
    names: AtomicUsize,
}

#[derive(Debug)]
pub(super) struct Slots {
    pub(super) all: Vec<Slot>,
    /// For each of them the time until which a call waits there.
    pub(super) due: Vec<Moment>,
    /// The first of these, or an earlier one.
    pub(super) next_due: Moment,
    /// First in, first out, so that a number is not used again soon.
    free: VecDeque<u32>,
    by_name: HashMap<Box<[u8]>, u32>,
}

/// The place of one process after the other.
#[derive(Debug)]
pub(super) struct Slot {
    /// Of the pid that it has now, or has next.
    pub(super) serial: u32,
    /// How many processes it had before.
    pub(super) uses: u64,
    pub(super) entry: Entry,
}

/// Who has a number.
#[derive(Debug)]
pub(super) enum Entry {
    /// Nobody, or not yet.
    Empty,
    Service(Arc<Process>),
    Rpc(Weak<RpcProcess>),
    Waiting(Waiting),
    /// A call of this node is over, and its task has not taken the outcome yet. The pid is gone.
    Over(Outcome),
}

/// A process with a number, as far as it is more than somebody who waits.
#[derive(Debug)]
pub(in crate::node) enum Found {
    Service(Arc<Process>),
    Call(Arc<RpcProcess>),
}

impl ProcessTable {
    /// Creates a table with ids from `base` on.
    pub(in crate::node) fn new(base: u32) -> Self {
        let (all, due) = (Vec::new(), Vec::new());
        let slots = Slots { all, due, next_due: Moment::NEVER, free: VecDeque::new(), by_name: HashMap::new() };
        let (services, names) = (AtomicUsize::new(0), AtomicUsize::new(0));
        ProcessTable { base, slots: RwLock::new(slots), services, names }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index(&self, id: u32) -> Option<usize> {
        usize::try_from(id.checked_sub(self.base)?).ok()
    }

    /// Returns a number that no process has.
    pub(in crate::node) fn take(&self) -> Number {
        let mut slots = self.write();
        let index = slots.take(SMALL_SERIAL);
        Number { id: self.base + index, serial: slots.all[index as usize].serial }
    }

    /// Gives the number to a call by rpc.
    pub(in crate::node) fn set_call(&self, number: Number, call: &Arc<RpcProcess>) {
        if let Some(slot) = self.write().slot(self.index(number.id), number.serial) {
            slot.entry = Entry::Rpc(Arc::downgrade(call));
        }
    }

    /// Gives the number to a service, and its name if nobody has that. False when somebody does.
    pub(in crate::node) fn set_service(&self, number: Number, service: &Arc<Process>) -> bool {
        let mut slots = self.write();
        let Some(index) = self.index(number.id) else { return false };
        if let Some(name) = &service.name {
            if slots.by_name.contains_key(name.as_bytes()) {
                return false;
            }
            slots.by_name.insert(name.as_bytes().into(), index as u32);
            self.names.store(slots.by_name.len(), Ordering::SeqCst);
        }
        if let Some(slot) = slots.slot(Some(index), number.serial) {
            slot.entry = Entry::Service(service.clone());
            self.services.fetch_add(1, Ordering::SeqCst);
        }
        true
    }

    /// Takes a number back, and the name of a service. Its process ends with the last reference to it.
    pub(in crate::node) fn release(&self, number: Number) {
        let mut slots = self.write();
        let Some(index) = self.index(number.id) else { return };
        let Some(slot) = slots.slot(Some(index), number.serial) else { return };
        if let Entry::Waiting(_) | Entry::Over(_) = slot.entry {
            return;
        }
        let entry = std::mem::replace(&mut slot.entry, Entry::Empty);
        slots.release(index);
        if let Entry::Service(service) = &entry {
            self.services.fetch_sub(1, Ordering::SeqCst);
            if let Some(name) = &service.name {
                slots.by_name.remove(name.as_bytes());
                self.names.store(slots.by_name.len(), Ordering::SeqCst);
            }
        }
        // What a service does when it is dropped may look into this table.
        drop(slots);
        drop(entry);
    }

    /// Returns the process with this number.
    pub(in crate::node) fn get(&self, number: Number) -> Option<Found> {
        let index = self.index(number.id)?;
        let slots = self.read();
        match slots.all.get(index).filter(|slot| slot.serial == number.serial)?.entry {
            Entry::Empty | Entry::Waiting(_) | Entry::Over(_) => None,
            Entry::Rpc(ref call) => call.upgrade().map(Found::Call),
            Entry::Service(ref service) => Some(Found::Service(service.clone())),
        }
    }

    /// Returns the service with this number.
    #[inline]
    pub(in crate::node) fn service(&self, number: Number) -> Option<Arc<Process>> {
        // Most nodes have none, and who sends to a number then is a server that replies.
        if self.services.load(Ordering::Relaxed) == 0 {
            return None;
        }
        match self.get(number)? {
            Found::Service(service) => Some(service),
            Found::Call(_) => None,
        }
    }

    /// Returns `true` when a service was registered under a name and has not ended.
    #[inline]
    pub(in crate::node) fn has_names(&self) -> bool {
        self.names.load(Ordering::Relaxed) > 0
    }

    /// Returns the service of this name.
    pub(in crate::node) fn by_name(&self, name: &[u8]) -> Option<Arc<Process>> {
        let slots = self.read();
        let index = *slots.by_name.get(name)?;
        match &slots.all.get(index as usize)?.entry {
            Entry::Service(service) => Some(service.clone()),
            _ => None,
        }
    }

    /// Returns all services.
    pub(in crate::node) fn services(&self) -> Vec<Arc<Process>> {
        let service = |slot: &Slot| match &slot.entry {
            Entry::Service(service) => Some(service.clone()),
            _ => None,
        };
        self.read().all.iter().filter_map(service).collect()
    }

    /// Returns how many calls by rpc run.
    pub(in crate::node) fn calls(&self) -> usize {
        self.read().all.iter().filter(|slot| matches!(slot.entry, Entry::Rpc(_))).count()
    }
}

impl Slots {
    /// Returns a place that is free, for a process in whose pid the serial has these bits.
    pub(super) fn take(&mut self, serials: u32) -> u32 {
        let index = match self.free.len() > RESTING {
            true => self.free.pop_front(),
            false => None,
        };
        let index = index.unwrap_or_else(|| {
            self.all.push(Slot { serial: 0, uses: 0, entry: Entry::Empty });
            self.due.push(Moment::NEVER);
            self.all.len() as u32 - 1
        });
        let slot = &mut self.all[index as usize];
        slot.serial = slot.uses as u32 & serials;
        index
    }

    /// Frees the place. The number of its last process no longer refers to any process.
    pub(super) fn release(&mut self, index: usize) {
        let slot = &mut self.all[index];
        slot.uses += 1;
        slot.serial = slot.uses as u32 & SMALL_SERIAL;
        self.free.push_back(index as u32);
    }

    pub(super) fn slot(&mut self, index: Option<usize>, serial: u32) -> Option<&mut Slot> {
        self.all.get_mut(index?).filter(|slot| slot.serial == serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        node::{
            process::{exit_policy::ExitPolicy, service_process::Role},
            service::functions::Functions,
        },
        term::{Atom, Pid},
    };

    const BASE: u32 = 10;

    fn service(number: Number, name: Option<&'static str>) -> Arc<Process> {
        let pid = Pid { node: crate::atom!("a@h"), id: number.id, serial: number.serial, creation: 4 };
        let services = vec![Box::new(Functions::new()) as Box<_>];
        Arc::new(
            Process::new(name.map(Atom::from_static), pid, services, ExitPolicy::PERMANENT, Role::Service).unwrap(),
        )
    }

    fn is_service(processes: &ProcessTable, number: Number) -> bool {
        matches!(processes.get(number), Some(Found::Service(_)))
    }

    #[test]
    fn a_number_is_not_used_again_soon() {
        let processes = ProcessTable::new(BASE);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let number = processes.take();
            assert!(number.id >= BASE, "{number:?}");
            assert!(seen.insert(number));
            processes.release(number);
        }
        assert!(processes.read().all.len() <= RESTING + 1);
        assert_eq!(processes.read().free.len(), processes.read().all.len());
    }

    #[test]
    fn names_and_numbers_go_with_the_service() {
        let processes = ProcessTable::new(BASE);
        assert!(!processes.has_names());
        let number = processes.take();
        assert!(processes.set_service(number, &service(number, Some("x"))));
        assert!(processes.has_names() && processes.by_name(b"x").is_some() && is_service(&processes, number));
        let other = processes.take();
        assert!(!processes.set_service(other, &service(other, Some("x"))), "the name is taken");
        assert!(!is_service(&processes, other));
        processes.release(other);
        processes.release(number);
        assert!(!processes.has_names() && processes.by_name(b"x").is_none() && !is_service(&processes, number));
        let again = processes.take();
        assert!(processes.set_service(again, &service(again, Some("x"))));
        assert_eq!(processes.services().len(), 1);
        // A number that was freed cannot be freed again by its former owner.
        processes.release(number);
        assert!(processes.by_name(b"x").is_some());
    }

    #[test]
    fn numbers_of_nobody_are_nobody() {
        let processes = ProcessTable::new(BASE);
        let number = processes.take();
        processes.set_service(number, &service(number, None));
        for id in [0, 1, BASE - 1, BASE + 1, BASE + 2, u32::MAX] {
            assert!(!is_service(&processes, Number { id, serial: 0 }), "{id}");
        }
        assert!(!is_service(&processes, Number { serial: 1, ..number }));
        assert!(is_service(&processes, number));
    }
}
