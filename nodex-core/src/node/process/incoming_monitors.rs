//! Who at the other end of one connection watches our processes: its monitors and links.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet, VecDeque, hash_set},
    hash::{Hash, Hasher},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    node::number::Number,
    protocol::{
        channel::{Owners, ProcessNumber},
        control::{AtomTerm, PidTerm, ProcTerm, RefTerm},
    },
    term::RawTerm,
};

/// Room that a set keeps when it has become empty.
const KEEP: usize = 64;

/// A monitor or a link of so many bytes more counts as one more.
const COSTLY: usize = 256;

/// The signals of a process's end are written in portions of this many bytes, with at least one signal in each.
const STEP: usize = 64 * 1024;

/// What the news for one watcher counts besides the reason.
const NEWS: usize = 256;

/// Bytes in the longest valid monitor: three atoms of at most 1,020 bytes and some numbers.
const LONGEST: usize = 4096;

/// The monitors and links of one connection, by the process of ours that they watch.
///
/// Other connections' threads tell this one when a process has ended; the frames are written by the connection itself,
/// behind everything that the process said before.
#[derive(Debug, Default)]
pub(in crate::node) struct IncomingMonitors {
    table: Mutex<Table>,
    /// A service has ended; readable without the lock.
    pending: AtomicBool,
    /// Something has to be told; readable without the lock.
    news: AtomicBool,
}

#[derive(Debug, Default)]
struct Table {
    by_process: HashMap<Number, Watchers>,
    monitors: usize,
    links: usize,
    /// What the monitors and links count against the limit, those that have not been told yet included.
    cost: usize,
    ended: VecDeque<Ended>,
    /// Memory of the reasons in there.
    reasons: usize,
    /// The connection is gone, nothing is entered any more.
    closed: bool,
}

#[derive(Debug, Default)]
struct Watchers {
    monitors: HashSet<Monitor>,
    /// Encoded pids.
    links: HashSet<Box<[u8]>>,
}

/// One monitor. It is looked up by its reference.
pub(in crate::node) struct Monitor {
    /// Reference, pid of the watcher and the name that was monitored, encoded.
    terms: Box<[u8]>,
    reference: u16,
    watcher: u16,
}

/// A process that has ended, with the signals that have not been written yet.
#[derive(Debug)]
struct Ended {
    process: Number,
    reason: RawTerm,
    links: hash_set::IntoIter<Box<[u8]>>,
    monitors: hash_set::IntoIter<Monitor>,
}

impl Ended {
    fn memory(&self) -> usize {
        size_of::<Ended>() + self.reason.as_bytes().len()
    }
}

/// A process that has ended, with a portion of its signals.
#[derive(Debug)]
pub(in crate::node) struct News {
    pub(in crate::node) process: Number,
    pub(in crate::node) reason: RawTerm,
    links: Vec<Box<[u8]>>,
    monitors: Vec<Monitor>,
}

/// There are too many monitors and links, or one is too long to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct LimitExceeded;

/// The alias of a call by `gen` is the reference of the monitor that the caller has on the process it calls.
impl Owners for IncomingMonitors {
    fn owner(&self, from: ProcessNumber, alias: RefTerm<'_>) -> Option<ProcessNumber> {
        let table = self.lock();
        let watchers = table.by_process.get(&Number { id: from.0, serial: from.1 })?;
        let (_, to, _) = watchers.monitors.get(alias.as_bytes())?.parts()?;
        Some((to.id(), to.serial()))
    }
}

impl IncomingMonitors {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a monitor; one with the same reference is replaced. `name` is what was monitored, unless the pid was.
    pub(in crate::node) fn monitor(
        &self,
        process: Number,
        watcher: PidTerm<'_>,
        name: Option<AtomTerm<'_>>,
        reference: RefTerm<'_>,
        limit: usize,
    ) -> Result<(), LimitExceeded> {
        let mut table = self.lock();
        if table.closed {
            return Ok(());
        }
        let monitor = Monitor::new(watcher, name, reference).ok_or(LimitExceeded)?;
        let cost = monitor.cost();
        if table.cost + cost > limit {
            return Err(LimitExceeded);
        }
        table.cost += cost;
        table.monitors += 1;
        if let Some(old) = table.by_process.entry(process).or_default().monitors.replace(monitor) {
            table.cost -= old.cost();
            table.monitors -= 1;
        }
        Ok(())
    }

    /// Takes a monitor away. False when there was none.
    pub(in crate::node) fn demonitor(&self, process: Number, reference: RefTerm<'_>) -> bool {
        let mut table = self.lock();
        let Some(watchers) = table.by_process.get_mut(&process) else { return false };
        let Some(monitor) = watchers.monitors.take(reference.as_bytes()) else { return false };
        shrink(&mut watchers.monitors);
        table.cost -= monitor.cost();
        table.monitors -= 1;
        true
    }

    /// Enters a link. False when it was there already.
    pub(in crate::node) fn link(
        &self,
        process: Number,
        other: PidTerm<'_>,
        limit: usize,
    ) -> Result<bool, LimitExceeded> {
        let mut table = self.lock();
        if table.closed {
            return Ok(false);
        }
        if table.cost >= limit {
            return Err(LimitExceeded);
        }
        let new = table.by_process.entry(process).or_default().links.insert(other.as_bytes().into());
        table.links += usize::from(new);
        table.cost += if new { link_cost(other.as_bytes()) } else { 0 };
        Ok(new)
    }

    /// Takes a link away. False when there was none.
    pub(in crate::node) fn unlink(&self, process: Number, other: PidTerm<'_>) -> bool {
        let mut table = self.lock();
        let Some(watchers) = table.by_process.get_mut(&process) else { return false };
        let removed = watchers.links.remove(other.as_bytes());
        shrink(&mut watchers.links);
        table.links -= usize::from(removed);
        table.cost -= if removed { link_cost(other.as_bytes()) } else { 0 };
        removed
    }

    /// Has all who watch this process be told that it ended. False when nobody did.
    pub(in crate::node) fn ended(&self, process: Number, reason: &RawTerm) -> bool {
        let mut table = self.lock();
        let Some(Watchers { monitors, links }) = table.by_process.remove(&process) else { return false };
        table.monitors -= monitors.len();
        table.links -= links.len();
        if monitors.is_empty() && links.is_empty() {
            return false;
        }
        let (links, monitors) = (links.into_iter(), monitors.into_iter());
        let ended = Ended { process, reason: reason.clone(), links, monitors };
        table.reasons += ended.memory();
        table.ended.push_back(ended);
        self.news.store(true, Ordering::Release);
        true
    }

    /// Removes a monitor that must fire although its process continues. Returns `None` when there is none.
    pub(in crate::node) fn fire(&self, process: Number, reference: RefTerm<'_>) -> Option<Monitor> {
        let mut table = self.lock();
        let monitor = table.by_process.get_mut(&process)?.monitors.take(reference.as_bytes())?;
        table.cost -= monitor.cost();
        table.monitors -= 1;
        Some(monitor)
    }

    /// Wakes the connection, which handles the changes.
    pub(in crate::node) fn set_pending(&self) {
        self.pending.store(true, Ordering::Release);
    }

    /// Returns whether something has changed that the connection has not looked after yet.
    pub(in crate::node) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Returns whether something has changed since the last time.
    #[inline]
    pub(in crate::node) fn take_pending(&self) -> bool {
        self.pending.load(Ordering::Relaxed) && self.pending.swap(false, Ordering::Acquire)
    }

    /// Returns a portion of the signals that must be written, which then count as written.
    pub(in crate::node) fn news(&self) -> Option<News> {
        let mut table = self.lock();
        let table = &mut *table;
        let ended = table.ended.front_mut()?;
        let count = (STEP / (NEWS + ended.reason.as_bytes().len())).max(1);
        let (process, reason) = (ended.process, ended.reason.clone());
        let links: Vec<_> = ended.links.by_ref().take(count).collect();
        let monitors: Vec<_> = ended.monitors.by_ref().take(count - links.len()).collect();
        table.cost -= links.iter().map(|link| link_cost(link)).sum::<usize>();
        table.cost -= monitors.iter().map(Monitor::cost).sum::<usize>();
        if ended.links.len() + ended.monitors.len() == 0 {
            table.reasons -= ended.memory();
            table.ended.pop_front();
            self.news.store(!table.ended.is_empty(), Ordering::Release);
        }
        Some(News { process, reason, links, monitors })
    }

    /// Returns whether something is left to be told.
    #[inline]
    pub(in crate::node) fn has_news(&self) -> bool {
        self.news.load(Ordering::Acquire)
    }

    /// Returns memory of exit reasons that wait for their turn: behind that of the process whose end is told now, which
    /// may be as long as a frame.
    pub(in crate::node) fn waiting(&self) -> usize {
        let table = self.lock();
        table.reasons - table.ended.front().map_or(0, Ended::memory)
    }

    /// Forgets everything, for a connection that is gone. Gives back the links: our process and the other one.
    pub(in crate::node) fn close(&self) -> Vec<(Number, Box<[u8]>)> {
        let mut table = self.lock();
        let old = std::mem::take(&mut *table);
        table.closed = true;
        drop(table);
        let links =
            |(process, watchers): (Number, Watchers)| watchers.links.into_iter().map(move |link| (process, link));
        old.by_process.into_iter().flat_map(links).collect()
    }

    /// Returns the number of monitors and that of links.
    pub(in crate::node) fn counts(&self) -> (usize, usize) {
        let table = self.lock();
        (table.monitors, table.links)
    }
}

/// Gives memory back that a set has grown for and does not need any more.
fn shrink<T: Eq + Hash>(set: &mut HashSet<T>) {
    if set.capacity() > KEEP && set.len() < set.capacity() / 8 {
        set.shrink_to(KEEP.max(2 * set.len()));
    }
}

/// Long names count more, so that the limit bounds the memory.
fn link_cost(pid: &[u8]) -> usize {
    1 + pid.len() / COSTLY
}

impl News {
    /// Returns the processes that are linked.
    pub(in crate::node) fn links(&self) -> impl Iterator<Item = PidTerm<'_>> {
        self.links.iter().filter_map(|link| PidTerm::new(link))
    }

    /// For every monitor: its reference, the pid to tell, and the name that was monitored.
    pub(in crate::node) fn monitors(&self) -> impl Iterator<Item = (RefTerm<'_>, PidTerm<'_>, Option<ProcTerm<'_>>)> {
        self.monitors.iter().filter_map(Monitor::parts)
    }
}

impl Monitor {
    /// `None` when the terms are longer than any that are valid.
    fn new(watcher: PidTerm<'_>, name: Option<AtomTerm<'_>>, reference: RefTerm<'_>) -> Option<Self> {
        let (reference, watcher) = (reference.as_bytes(), watcher.as_bytes());
        let terms = [reference, watcher, name.map_or(&[][..], AtomTerm::as_bytes)].concat();
        let end = reference.len() + watcher.len();
        (terms.len() <= LONGEST).then(|| Monitor {
            terms: terms.into(),
            reference: reference.len() as u16,
            watcher: end as u16,
        })
    }

    /// Long names count more, so that the limit bounds the memory.
    fn cost(&self) -> usize {
        1 + self.terms.len() / COSTLY
    }

    fn key(&self) -> &[u8] {
        &self.terms[..usize::from(self.reference)]
    }

    /// Returns its reference, the pid to tell, and the name that was monitored.
    pub(in crate::node) fn parts(&self) -> Option<(RefTerm<'_>, PidTerm<'_>, Option<ProcTerm<'_>>)> {
        let (head, name) = self.terms.split_at(usize::from(self.watcher));
        let watcher = PidTerm::new(&head[usize::from(self.reference)..])?;
        Some((RefTerm::new(self.key())?, watcher, AtomTerm::new(name).map(ProcTerm::Name)))
    }
}

impl Borrow<[u8]> for Monitor {
    fn borrow(&self) -> &[u8] {
        self.key()
    }
}

impl PartialEq for Monitor {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Monitor {}

impl Hash for Monitor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Monitor({})", self.key().escape_ascii())
    }
}

#[cfg(test)]
mod tests;
