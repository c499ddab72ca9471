//! Reads the input as a sequence of things to do, and does them.

use std::{collections::BTreeMap, sync::Arc};

use nodex_core::{
    etf::Encoder,
    node::{Node, ServiceOptions, testing::RawPeer},
    protocol::{Flags, control},
    term::{Atom, Pid},
};
use tokio::{sync::Notify, task::yield_now};

use super::{
    NODE, WATCHES, functions,
    model::{Bytes, Call, Held, Model, Owed, Process, Side},
    node,
    wire::{atom, frame, improper, int, list, message, pid, reference, signal, tuple},
};

pub(super) const PEERS: [&str; 2] = ["a@h", "b@h"];
pub(super) const CREATION: u32 = 7;
/// Names of services; the last one is never registered.
const NAMES: [&str; 4] = ["svc", "one", "two", "nobody"];
pub(super) struct Play<'a> {
    pub(super) input: &'a [u8],
    pub(super) node: Node,
    pub(super) gate: Arc<Notify>,
    pub(super) peers: [RawPeer; 2],
    pub(super) flags: Flags,
    pub(super) model: Model,
    /// The process that answers any name, if there is one.
    pub(super) anonymous: Option<Bytes>,
    /// What is to be written to the side that speaks.
    pub(super) pending: Bytes,
    pub(super) side: Side,
    /// Messages come in fragments if these were agreed on.
    pub(super) cuts: bool,
    pub(super) sequence: u64,
    /// Requests to spawn that have not been answered, with the data about the new process.
    pub(super) requests: BTreeMap<Bytes, Request>,
    pub(super) unique: u32,
}

pub(super) struct Request {
    pub(super) link: bool,
    pub(super) holds: bool,
    pub(super) call: Call,
}

pub(super) async fn play(input: &[u8]) {
    let Some((mode, input)) = input.split_first() else { return };
    let gate = Arc::new(Notify::new());
    let node = node(&gate, mode & 1 != 0).await;
    // A peer of OTP 28, and one that knows neither payloads of exits nor senders of messages.
    let flags = Flags::from_bits(Flags::HIDDEN_ALTACT.bits() & !if mode & 2 == 0 { 0 } else { 0x48_0000 });
    let flags = if mode & 4 == 0 { flags } else { flags | Flags::FRAGMENTS };
    let connect = |side: Side| RawPeer::connect(&node, PEERS[side], CREATION, flags).expect("a pair of sockets");
    let peers = [connect(0), connect(1)];
    let mut model = Model::default();
    let svc = node.whereis("svc").expect("it is registered");
    let permanent = |name| Process { name, alive: true, trap_exit: true, call: None };
    model.processes.insert(encoded(&svc), permanent(Some("svc")));
    // It was added second.
    let anonymous = (mode & 1 != 0).then(|| encoded(&Pid { id: svc.id + 1, ..svc.clone() }));
    if let Some(pid) = &anonymous {
        model.processes.insert(pid.clone(), permanent(None));
    }
    let mut play = Play {
        input,
        node: node.clone(),
        gate,
        peers,
        flags,
        model,
        anonymous,
        pending: Vec::new(),
        side: 0,
        cuts: mode & 8 != 0,
        sequence: 0,
        requests: BTreeMap::new(),
        unique: 0,
    };
    while let Some(what) = play.byte() {
        play.act(what).await;
    }
    play.settle().await;
    drop(play);
    node.stop(std::time::Duration::ZERO).await;
    for _ in 0..16 {
        yield_now().await;
    }
}

fn encoded(pid: &Pid) -> Bytes {
    let mut out = Encoder::new();
    out.put_pid(pid);
    out.to_vec()
}

impl Play<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.input.split_first()?;
        self.input = rest;
        Some(*byte)
    }

    /// A number below `limit`, 0 at the end of the input.
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte().unwrap_or(0)) % limit
    }

    fn own_pid(&mut self) -> Bytes {
        pid(PEERS[self.side], 40 + self.below(3) as u32, CREATION)
    }

    fn own_reference(&mut self) -> Bytes {
        reference(PEERS[self.side], self.below(6) as u32, CREATION)
    }

    fn name(&mut self) -> &'static str {
        NAMES[self.below(NAMES.len())]
    }

    /// A process of the node, one that has been, or one of an earlier incarnation.
    fn process(&mut self) -> Bytes {
        let which = self.below(self.model.processes.len() + 1);
        match self.model.processes.keys().nth(which) {
            Some(pid) => pid.clone(),
            None => pid(NODE, 1, self.node.creation() ^ 8),
        }
    }

    /// Who answers a name.
    fn who(&self, name: &str) -> Option<Bytes> {
        let anonymous = || self.anonymous.clone().filter(|pid| self.model.is_alive(pid));
        self.model.named(name).or_else(anonymous)
    }

    pub(super) fn unique(&mut self) -> Bytes {
        self.unique += 1;
        int(self.unique)
    }

    async fn act(&mut self, what: u8) {
        match what % 20 {
            0 => self.plain(),
            1 => self.gen_call(),
            2 => self.monitor().await,
            3 => self.demonitor(),
            4 => self.link().await,
            5 => self.unlink(),
            6 => self.exit(),
            7 => self.exit2(),
            8 => self.spawn().await,
            9 => self.register().await,
            10 => self.stop_service().await,
            11 => {
                self.settle().await;
                self.gate.notify_waiters();
                self.model.release();
                self.settle().await;
            }
            12 => self.settle().await,
            13 => self.in_two_pieces().await,
            14 => {
                self.settle().await;
                self.side = 1 - self.side;
            }
            15 => self.pending.extend([0; 4]),
            16 => self.of_no_consequence(),
            17 => self.bad_frame().await,
            18 => self.forbidden().await,
            _ => self.again().await,
        }
    }

    /// A plain message: `{echo, N}`, `{hold, N}` or something that nobody knows.
    fn plain(&mut self) {
        let (from, function, reply) = (self.own_pid(), ["echo", "hold", "what"][self.below(3)], self.unique());
        let payload = tuple(&[&atom(function), &reply]);
        let process = if self.below(2) == 0 {
            let name = self.name();
            self.pending.extend(message(6, &[&from, &atom(""), &atom(name)], &payload));
            self.who(name)
        } else {
            let to = self.process();
            // Not to calls: they take no messages.
            if self.model.processes.get(&to).is_some_and(|process| process.call.is_some()) {
                return;
            }
            self.pending.extend(message(22, &[&from, &to], &payload));
            Some(to).filter(|to| self.model.is_alive(to))
        };
        let Some(process) = process else { return };
        let due = match function {
            "what" => tuple(&[&atom("error"), &atom("unknown_call")]),
            _ => reply,
        };
        let held = function == "hold";
        if held {
            self.model.held.push((self.side, process, Held::Plain(from.clone(), due.clone())));
        }
        self.model.plain[self.side].entry(from).or_default().push_back((due, !held));
    }

    fn gen_call(&mut self) {
        let (from, name, function) = (self.own_pid(), self.name(), ["echo", "hold"][self.below(2)]);
        // Nearly every sender is the caller.
        let sender = if self.below(8) == 0 { self.own_pid() } else { from.clone() };
        let (tag, to) = self.tag(&from);
        let request = tuple(&[&atom(function), &atom("x")]);
        let payload = tuple(&[&atom("$gen_call"), &tuple(&[&from, &tag]), &request]);
        self.pending.extend(message(6, &[&sender, &atom(""), &atom(name)], &payload));
        let Some(process) = self.who(name) else { return };
        let owed = Owed::Reply(to, tuple(&[&tag, &atom("x")]));
        match function {
            "hold" => self.model.held.push((self.side, process, Held::Tagged(owed))),
            _ => self.model.owe(self.side, owed),
        }
    }

    /// A tag of a call, and whom the reply goes to.
    fn tag(&mut self, caller: &Bytes) -> (Bytes, Bytes) {
        let kind = self.below(5);
        let tag = self.unique();
        if kind == 0 {
            return (tag, caller.clone());
        }
        // A reference of another node is a tag as well.
        let node = PEERS[if kind == 1 { 1 - self.side } else { self.side }];
        let alias = reference(node, self.unique, CREATION);
        match kind {
            3 => (improper(&atom("alias"), &alias), alias),
            4 => (improper(&improper(&atom("alias"), &alias), &tag), alias),
            _ => (alias, caller.clone()),
        }
    }

    /// True when one more monitor or link ends the connection.
    fn full(&self) -> bool {
        let (monitors, links) = self.model.counts(self.side);
        monitors + links >= WATCHES
    }

    async fn monitor(&mut self) {
        let (from, reference) = (self.own_pid(), self.own_reference());
        let (to, process) = if self.below(2) == 0 {
            let name = self.name();
            (atom(name), self.who(name))
        } else {
            let to = self.process();
            (to.clone(), Some(to).filter(|to| self.model.is_alive(to)))
        };
        let full = self.full();
        self.pending.extend(signal(19, &[&from, &to, &reference]));
        match process {
            None => self.model.owe(self.side, Owed::Down(reference, from)),
            Some(_) if full => self.must_close().await,
            Some(process) => {
                self.model.monitors.insert((self.side, process, reference), from);
            }
        }
    }

    fn demonitor(&mut self) {
        let (from, reference, side) = (self.own_pid(), self.own_reference(), self.side);
        if self.below(2) == 0 {
            let name = self.name();
            self.pending.extend(signal(20, &[&from, &atom(name), &reference]));
            for process in self.who(name).into_iter().chain(self.anonymous.clone()) {
                if self.model.monitors.remove(&(side, process, reference.clone())).is_some() {
                    break;
                }
            }
            return;
        }
        let to = self.process();
        self.pending.extend(signal(20, &[&from, &to, &reference]));
        if self.model.monitors.remove(&(side, to.clone(), reference.clone())).is_none()
            && let Some(call) = self.model.processes.get_mut(&to).and_then(|process| process.call.as_mut())
            && call.request == reference
        {
            call.monitored = false;
        }
    }

    async fn link(&mut self) {
        let (from, to) = (self.own_pid(), self.process());
        let full = self.full();
        self.pending.extend(signal(1, &[&from, &to]));
        match self.model.is_alive(&to) {
            false => self.model.owe(self.side, Owed::Exit(to, from)),
            true if full => self.must_close().await,
            true => drop(self.model.links.insert((self.side, to, from))),
        }
    }

    fn unlink(&mut self) {
        let (from, to) = (self.own_pid(), self.process());
        self.unique += 1;
        let id = u64::from(self.unique);
        self.pending.extend(signal(35, &[&int(self.unique), &from, &to]));
        self.model.links.remove(&(self.side, to, from));
        self.model.owe(self.side, Owed::UnlinkAck(id));
    }

    fn reason(&mut self) -> &'static str {
        ["normal", "kill", "broken"][self.below(3)]
    }

    /// A process of the peer that may be linked has ended.
    fn exit(&mut self) {
        let (from, to, reason) = (self.own_pid(), self.process(), self.reason());
        self.pending.extend(message(24, &[&from, &to], &atom(reason)));
        if self.model.links.remove(&(self.side, to.clone(), from)) {
            self.model.exit(&to, reason == "normal", false);
        }
    }

    fn exit2(&mut self) {
        let (from, to, reason) = (self.own_pid(), self.process(), self.reason());
        self.pending.extend(message(26, &[&from, &to], &atom(reason)));
        self.model.exit(&to, reason == "normal", reason == "kill");
    }

    /// Sends a request to spawn. It is answered before any other output, so that the new pid is known.
    async fn spawn(&mut self) {
        self.settle().await;
        let (from, id, module, function) =
            (self.own_pid(), self.own_reference(), self.name(), ["echo", "hold", "what"][self.below(3)]);
        let options = self.below(8);
        let (monitored, link, bad) = (options & 1 != 0, options & 2 != 0, options == 7);
        let mut names = Vec::new();
        names.extend(
            [(monitored, "monitor"), (link, "link"), (bad, "bad")]
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, name)| atom(name)),
        );
        let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
        let arguments = list(&[&atom("x")]);
        let (module_name, function_name, arity, payload) = match self.below(2) {
            0 => (atom(module), atom(function), 1, arguments),
            _ => {
                let all = [&id[..], &atom(module), &atom(function), &arguments];
                (atom("erpc"), atom("execute_call"), 4, list(&all))
            }
        };
        let called = tuple(&[&module_name, &function_name, &[97, arity]]);
        let (full, exists) = (self.full(), self.who(module).is_some());
        self.pending.extend(message(29, &[&id, &from, &from, &called, &list(&names)], &payload));
        if link && full && !bad {
            return self.must_close().await;
        }
        let call = Call { side: self.side, request: id.clone(), caller: from, monitored };
        self.requests.insert(id, Request { link, holds: exists && function == "hold", call });
        self.settle().await;
        assert!(self.requests.is_empty(), "a request to spawn was not answered");
    }

    async fn register(&mut self) {
        self.settle().await;
        let (named, name, trap_exit) = (self.below(3) > 0, NAMES[1 + self.below(2)], self.below(2) == 0);
        if self.model.processes.len() > 64 {
            return;
        }
        let (options, service) = (ServiceOptions::new().trap_exit(trap_exit), functions(&self.gate));
        let taken = named && self.model.named(name).is_some();
        let pid = match named {
            true => self.node.register_with(name, options, service),
            false => self.node.spawn_with(options, service),
        };
        assert_eq!(pid.is_err(), taken, "{pid:?}");
        if let Ok(pid) = pid {
            let process = Process { name: named.then_some(name), alive: true, trap_exit, call: None };
            assert!(self.model.processes.insert(encoded(&pid), process).is_none(), "{pid:?} was used before");
        }
    }

    async fn stop_service(&mut self) {
        self.settle().await;
        let process = self.process();
        let stops = self.model.processes.get(&process).is_some_and(|process| process.alive && process.call.is_none());
        let pid = control::PidTerm::new(&process).and_then(|pid| pid.to_pid().ok()).expect("a pid");
        let stopped = self.node.stop_service(&pid, &Atom::from_static("stopped")).expect("an atom can be encoded");
        assert_eq!(stopped, stops);
        if stops {
            self.model.end(&process);
        }
    }

    /// What waits is written in two pieces, with a look at the node between them.
    async fn in_two_pieces(&mut self) {
        let bytes = self.in_form();
        self.pending.clear();
        let (first, rest) = bytes.split_at(self.below(256) * bytes.len() / 256);
        self.put(first);
        for _ in 0..4 {
            yield_now().await;
        }
        self.put(rest);
        self.settle().await;
    }

    /// Signals about processes and links that do not exist.
    fn of_no_consequence(&mut self) {
        let (from, reference) = (self.own_pid(), reference(NODE, 9, self.node.creation()));
        let nobody = pid(NODE, 1001, self.node.creation());
        let frame = match self.below(9) {
            0 => message(28, &[&from, &nobody, &reference], &atom("gone")),
            1 => signal(31, &[&reference, &nobody, &[97, 0], &from]),
            2 => signal(36, &[&int(9), &from, &nobody]),
            3 => signal(7, &[&from, &nobody]),
            4 => message(33, &[&from, &reference], &atom("late")),
            5 => message(22, &[&from, &nobody], &atom("late")),
            6 => message(22, &[&from, &pid("third@h", 1, 1)], &atom("lost")),
            // A reason of an unknown kind costs its signal only.
            7 => message(24, &[&from, &nobody], &[255]),
            // What is an answer itself is not answered.
            _ => message(6, &[&from, &atom(""), &atom("svc")], &tuple(&[&atom("error"), &atom("x")])),
        };
        self.pending.extend(frame);
    }

    /// Bytes of the input as a frame, unless they mean something.
    async fn bad_frame(&mut self) {
        let length = 1 + self.below(48);
        let (bytes, rest) = self.input.split_at(length.min(self.input.len()));
        self.input = rest;
        // Some get past the first check.
        let bytes = if self.below(2) == 0 { bytes.to_vec() } else { [&[112, 131], bytes].concat() };
        if control::Fragment::is_one(&bytes) && self.flags.contains(Flags::FRAGMENTS) {
            // It may be a good one.
            return;
        }
        if let Err(error) = control::decode(&bytes) {
            self.pending.extend(frame(&bytes));
            if error.closes_connection() && !bytes.is_empty() {
                self.must_close().await;
            }
        }
    }

    /// Frames that say what they must not say.
    async fn forbidden(&mut self) {
        let (own, third, process) = (self.own_pid(), pid("third@h", 1, 1), self.process());
        let reference = self.own_reference();
        let frame = match self.below(8) {
            0 => signal(1, &[&third, &process]),
            1 => signal(1, &[&own, &third]),
            2 => signal(19, &[&third, &process, &reference]),
            3 => signal(19, &[&own, &third, &reference]),
            4 => message(24, &[&own, &process], &[109, 255, 255, 255, 255]),
            5 => message(26, &[&third, &process], &atom("x")),
            6 => signal(35, &[&int(1), &own, &third]),
            _ => vec![255; 5],
        };
        self.pending.extend(frame);
        self.must_close().await;
    }
}
