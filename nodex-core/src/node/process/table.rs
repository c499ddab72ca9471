//! Processes that come and go: services that were spawned while the node runs, and calls by rpc for as long as they run.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{rpc_process::RpcProcess, service_process::Process};

use crate::node::number::{Number, SMALL_SERIAL};

/// So many numbers stay unused before one is used again: with the serial, half a million processes later at the earliest.
pub(in crate::node) const RESTING: usize = 64;

/// The table of these processes. Their ids are `base + 1`, `base + 3` and so on; those in between are of
/// [`Replies`](crate::node::process::call_table::CallTable). Both stay small, because OTP 23 takes ids of 15 bits only.
#[derive(Debug)]
pub(in crate::node) struct Processes {
    base: u32,
    slots: RwLock<Slots>,
    /// How many names there are, readable without the lock.
    names: AtomicUsize,
}

#[derive(Debug, Default)]
struct Slots {
    all: Vec<Slot>,
    /// First in, first out, so that a number is not used again soon.
    free: VecDeque<u32>,
    by_name: HashMap<Box<[u8]>, u32>,
}

#[derive(Debug)]
struct Slot {
    serial: u32,
    entry: Entry,
}

#[derive(Debug)]
enum Entry {
    /// Nobody has this number, or not yet.
    Empty,
    Call(Weak<RpcProcess>),
    Service(Arc<Process>),
}

/// Who has a number.
#[derive(Debug)]
pub(in crate::node) enum Found {
    Call(Arc<RpcProcess>),
    Service(Arc<Process>),
}

impl Processes {
    /// With ids from `base` on.
    pub(in crate::node) fn new(base: u32) -> Self {
        Processes { base, slots: RwLock::default(), names: AtomicUsize::new(0) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self, id: u32) -> Option<usize> {
        let offset = id.checked_sub(self.base)?;
        (offset % 2 == 1).then_some(offset as usize / 2)
    }

    /// A number that no process has.
    pub(in crate::node) fn take(&self) -> Number {
        let mut slots = self.write();
        let index = match slots.free.len() > RESTING {
            true => slots.free.pop_front(),
            false => None,
        };
        let index = index.unwrap_or_else(|| {
            slots.all.push(Slot { serial: 0, entry: Entry::Empty });
            slots.all.len() as u32 - 1
        });
        Number { id: self.base + 2 * index + 1, serial: slots.all[index as usize].serial }
    }

    /// Gives the number to a call.
    pub(in crate::node) fn set_call(&self, number: Number, call: &Arc<RpcProcess>) {
        if let Some(slot) = self.write().slot(self.index(number.id), number.serial) {
            slot.entry = Entry::Call(Arc::downgrade(call));
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
        }
        true
    }

    /// Takes a number back, and the name of a service. Its process ends with the last reference to it.
    pub(in crate::node) fn release(&self, number: Number) {
        let mut slots = self.write();
        let Some(index) = self.index(number.id) else { return };
        let Some(slot) = slots.slot(Some(index), number.serial) else { return };
        slot.serial = (slot.serial + 1) & SMALL_SERIAL;
        let entry = std::mem::replace(&mut slot.entry, Entry::Empty);
        slots.free.push_back(index as u32);
        if let Entry::Service(service) = &entry
            && let Some(name) = &service.name
        {
            slots.by_name.remove(name.as_bytes());
            self.names.store(slots.by_name.len(), Ordering::SeqCst);
        }
        // What a service does when it is dropped may look into this table.
        drop(slots);
        drop(entry);
    }

    /// The process with this number.
    pub(in crate::node) fn get(&self, number: Number) -> Option<Found> {
        let index = self.index(number.id)?;
        let slots = self.read();
        match slots.all.get(index).filter(|slot| slot.serial == number.serial)?.entry {
            Entry::Empty => None,
            Entry::Call(ref call) => call.upgrade().map(Found::Call),
            Entry::Service(ref service) => Some(Found::Service(service.clone())),
        }
    }

    /// True when a service was registered under a name and has not ended.
    #[inline]
    pub(in crate::node) fn has_names(&self) -> bool {
        self.names.load(Ordering::Relaxed) > 0
    }

    /// The service of this name.
    pub(in crate::node) fn by_name(&self, name: &[u8]) -> Option<Arc<Process>> {
        let slots = self.read();
        let index = *slots.by_name.get(name)?;
        match &slots.all.get(index as usize)?.entry {
            Entry::Service(service) => Some(service.clone()),
            _ => None,
        }
    }

    /// All services.
    pub(in crate::node) fn services(&self) -> Vec<Arc<Process>> {
        let service = |slot: &Slot| match &slot.entry {
            Entry::Service(service) => Some(service.clone()),
            _ => None,
        };
        self.read().all.iter().filter_map(service).collect()
    }

    /// How many calls run.
    pub(in crate::node) fn calls(&self) -> usize {
        self.read().all.iter().filter(|slot| matches!(slot.entry, Entry::Call(_))).count()
    }
}

impl Slots {
    fn slot(&mut self, index: Option<usize>, serial: u32) -> Option<&mut Slot> {
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

    fn is_service(processes: &Processes, number: Number) -> bool {
        matches!(processes.get(number), Some(Found::Service(_)))
    }

    #[test]
    fn a_number_is_not_used_again_soon_and_leaves_room_for_those_of_replies() {
        let processes = Processes::new(BASE);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let number = processes.take();
            assert!(number.id > BASE && (number.id - BASE) % 2 == 1, "{number:?}");
            assert!(seen.insert(number));
            processes.release(number);
        }
        assert!(processes.read().all.len() <= RESTING + 1);
        assert_eq!(processes.read().free.len(), processes.read().all.len());
    }

    #[test]
    fn names_and_numbers_go_with_the_service() {
        let processes = Processes::new(BASE);
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
        // A number that was given back cannot be given back again by whoever still holds it.
        processes.release(number);
        assert!(processes.by_name(b"x").is_some());
    }

    #[test]
    fn numbers_of_nobody_are_nobody() {
        let processes = Processes::new(BASE);
        let number = processes.take();
        processes.set_service(number, &service(number, None));
        for id in [0, 1, BASE - 1, BASE, BASE + 2, BASE + 3, u32::MAX] {
            assert!(!is_service(&processes, Number { id, serial: 0 }), "{id}");
        }
        assert!(!is_service(&processes, Number { serial: 1, ..number }));
        assert!(is_service(&processes, number));
    }
}
