//! The state that a node must have about its processes, monitors and links, and the output that its peers must receive.

// Only tests and fuzzers run this, and they need a later release of Rust than the crates do.
#![allow(clippy::incompatible_msrv)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Which of the peers.
pub(super) type Side = usize;

/// An encoded pid or reference.
pub(super) type Bytes = Vec<u8>;

/// A process of the node.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) name: Option<&'static str>,
    pub(super) alive: bool,
    pub(super) trap_exit: bool,
    /// For one that was asked for by a peer: whose it is, the request, who asked, and whether the end is to be told.
    pub(super) call: Option<Call>,
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) side: Side,
    pub(super) request: Bytes,
    pub(super) caller: Bytes,
    pub(super) monitored: bool,
}

/// Output that waits until handlers continue.
#[derive(Debug)]
pub(super) enum Held {
    /// A reply with a tag.
    Tagged(Owed),
    /// A plain one, to this process: it is among those in [`Model::plain`].
    Plain(Bytes, Bytes),
}

/// Something that the node has to say exactly once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owed {
    /// A monitor fires: its reference, and the process that receives the signal.
    Down(Bytes, Bytes),
    /// A link breaks: the process, and the one that receives the signal.
    Exit(Bytes, Bytes),
    /// An unlinking is acknowledged.
    UnlinkAck(u64),
    /// A reply that carries a tag, in full: the receiver and the message.
    Reply(Bytes, Bytes),
}

/// `{error, {no_reply, <<"hold: the service has ended">>}}`.
const GIVEN_UP: &[u8] = b"\x68\x02\x77\x05error\x68\x02\x77\x08no_reply\x6d\0\0\0\x1bhold: the service has ended";

#[derive(Debug, Default)]
pub(super) struct Model {
    /// By pid.
    pub(super) processes: BTreeMap<Bytes, Process>,
    /// Side, process, reference: who watches.
    pub(super) monitors: BTreeMap<(Side, Bytes, Bytes), Bytes>,
    /// Side, process, and the process linked to it.
    pub(super) links: BTreeSet<(Side, Bytes, Bytes)>,
    /// How often each is owed to each side.
    pub(super) owed: [BTreeMap<Owed, usize>; 2],
    /// Plain replies to each process of a side, in the order of its messages, and whether each can be sent.
    pub(super) plain: [BTreeMap<Bytes, VecDeque<(Bytes, bool)>>; 2],
    /// Side, and the process whose handler it is.
    pub(super) held: Vec<(Side, Bytes, Held)>,
}

impl Model {
    pub(super) fn owe(&mut self, side: Side, what: Owed) {
        *self.owed[side].entry(what).or_default() += 1;
    }

    /// The node has said this; it must have owed it.
    pub(super) fn pays(&mut self, side: Side, what: &Owed) {
        let count = self.owed[side].get_mut(what);
        let count = count.unwrap_or_else(|| panic!("nobody waits for {what:x?}"));
        *count -= 1;
        if *count == 0 {
            self.owed[side].remove(what);
        }
    }

    /// The pid of the process that has this name.
    pub(super) fn named(&self, name: &str) -> Option<Bytes> {
        let found = self.processes.iter().find(|(_, process)| process.alive && process.name == Some(name));
        found.map(|(pid, _)| pid.clone())
    }

    pub(super) fn is_alive(&self, pid: &[u8]) -> bool {
        self.processes.get(pid).is_some_and(|process| process.alive)
    }

    /// A process has ended: each monitor and link fires once.
    pub(super) fn end(&mut self, pid: &[u8]) {
        let Some(process) = self.processes.get_mut(pid).filter(|process| process.alive) else { return };
        process.alive = false;
        // Its handlers are dropped, and callers that wait for a plain reply receive an error.
        for (side, _, held) in self.held.extract_if(.., |(_, of, _)| of == pid) {
            if let Held::Plain(to, reply) = held
                && let Some(replies) = self.plain[side].get_mut(&to)
            {
                for place in replies.iter_mut().filter(|(waiting, _)| *waiting == reply) {
                    *place = (GIVEN_UP.to_vec(), true);
                }
            }
        }
        if let Some(call) = process.call.clone().filter(|call| call.monitored) {
            self.owe(call.side, Owed::Down(call.request, call.caller));
        }
        let monitors: Vec<_> = self.monitors.extract_if(.., |(_, watched, _), _| watched == pid).collect();
        for ((side, _, reference), watcher) in monitors {
            self.owe(side, Owed::Down(reference, watcher));
        }
        let links: Vec<_> = self.links.extract_if(.., |(_, linked, _)| linked == pid).collect();
        for (side, process, other) in links {
            self.owe(side, Owed::Exit(process, other));
        }
    }

    /// An exit signal reaches a process.
    pub(super) fn exit(&mut self, pid: &[u8], normal: bool, kill: bool) {
        let Some(process) = self.processes.get(pid) else { return };
        let accepts_exit = match process.call {
            Some(_) => kill || !normal,
            None => kill || !process.trap_exit && !normal,
        };
        if accepts_exit {
            self.end(pid);
        }
    }

    /// A connection is gone: its watches with it, its calls end, and those linked over it hear of it.
    pub(super) fn disconnected(&mut self, side: Side) {
        self.held.retain(|(of, ..)| *of != side);
        self.plain[side].clear();
        self.monitors.retain(|(watcher, ..), _| *watcher != side);
        for process in self.processes.values_mut() {
            if let Some(call) = process.call.as_mut().filter(|call| call.side == side) {
                call.monitored = false;
            }
        }
        let calls: Vec<Bytes> = self.calls(side);
        for pid in calls {
            self.end(&pid);
        }
        let links: Vec<_> = self.links.extract_if(.., |(watcher, ..)| *watcher == side).collect();
        for (_, process, _) in links {
            self.exit(&process, false, false);
        }
        self.owed[side].clear();
    }

    /// All handlers that wait continue.
    pub(super) fn release(&mut self) {
        for (side, _, held) in std::mem::take(&mut self.held) {
            match held {
                Held::Tagged(owed) => self.owe(side, owed),
                Held::Plain(to, reply) => {
                    let replies = self.plain[side].entry(to).or_default();
                    for (_, ready) in replies.iter_mut().filter(|(waiting, _)| *waiting == reply) {
                        *ready = true;
                    }
                }
            }
        }
        for pid in [self.calls(0), self.calls(1)].concat() {
            self.end(&pid);
        }
    }

    /// A plain reply has come; it must be the next one for its receiver.
    pub(super) fn replied(&mut self, side: Side, to: &[u8], reply: &[u8]) {
        let next = self.plain[side].get_mut(to).and_then(VecDeque::pop_front);
        assert_eq!(next.as_ref().map(|(due, ready)| (&due[..], *ready)), Some((reply, true)), "another reply is due");
    }

    /// Panics if the node still owes anything.
    pub(super) fn all_is_paid(&self) {
        assert!(self.owed.iter().all(BTreeMap::is_empty), "not said: {:x?}", self.owed);
        for replies in self.plain.iter().flat_map(BTreeMap::values) {
            assert!(replies.front().is_none_or(|(_, ready)| !ready), "not replied: {replies:x?}");
        }
    }

    /// The calls that run for a side.
    pub(super) fn calls(&self, side: Side) -> Vec<Bytes> {
        let of_side = |process: &Process| process.alive && process.call.as_ref().is_some_and(|call| call.side == side);
        self.processes.iter().filter(|(_, process)| of_side(process)).map(|(pid, _)| pid.clone()).collect()
    }

    /// Monitors and links that the node has to know of for a side.
    pub(super) fn counts(&self, side: Side) -> (usize, usize) {
        let monitors = self.monitors.keys().filter(|(watcher, ..)| *watcher == side).count();
        (monitors, self.links.iter().filter(|(watcher, ..)| *watcher == side).count())
    }
}
