//! The functions of the module `nodex`, with which a node describes itself to a person at a shell.
//!
//! They are called by `rpc` and `erpc` in the module `nodex`, and by calls and messages to the name `nodex`:
//!
//! ```text
//! iex> :rpc.call(:"orders@127.0.0.1", :nodex, :functions, [])
//! [{:orders, :place, 2, "Places an order."}, {:orders, :status, 1, ""}]
//! ```
//!
//! | function | returns |
//! |---|---|
//! | `info()` | a map: `node`, `nodex` (the version), `creation`, `os_pid`, `uptime` in seconds, the numbers of `services` and `connections`, of `spawned_calls` by rpc that run, this one with them, and the `counters` since the start |
//! | `services()` | a list of `{Name, Pid, NumberOfFunctions}`; the name is `nil` for services without one |
//! | `functions()` | a list of `{Service, Function, Arity, Doc}`, a service being its name, or its pid if it has none |
//! | `functions(Service)` | the same for one service, by name or pid |
//! | `connections()` | a list of maps: `node`, `creation`, `flags`, `uptime` in seconds, `written` and `waiting` in bytes, `monitors` and `links` of processes here, and the `counters` |
//! | `whereis(Name)` | the pid of a service, or `nil` |
//! | `help()` | this list, as text |
//!
//! A service that is registered as `nodex` replaces them. If services answer any name, calls and `rpc` that match none
//! of these functions reach those services, and so do all plain messages.

use std::{sync::PoisonError, time::Instant};

use crate::{
    convert::{DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError, Encoder, Kind},
    node::{
        connection::{inner::Inner, peer::Peer},
        counters::Sums,
        process::service_process::{Process, ProcessRef},
        service::{
            call::{Call, Handled},
            interface::{Accepts, Function, Service},
            rejection::Rejection,
        },
    },
    term::{Atom, Pid},
};

/// The text of `help()`.
const HELP: &str = "\
nodex:info()              the node: version, uptime in seconds, counters
nodex:services()          [{Name, Pid, NumberOfFunctions}]
nodex:functions()         [{Service, Function, Arity, Doc}]
nodex:functions(Service)  the same of one service, by name or pid
nodex:connections()       the nodes that it is connected with
nodex:whereis(Name)       the pid of a service, or nil
";

/// The service with the name `nodex`.
pub(in crate::node) struct Introspection;

impl Service for Introspection {
    fn functions(&self) -> Vec<Function> {
        let function = |name, arity, doc| Function::new(name, arity).doc(doc).accepts(Accepts::ALL);
        vec![
            function("info", 0, "The node: version, uptime in seconds, counters."),
            function("services", 0, "Names, pids and numbers of functions of all services."),
            function("functions", 0, "Service, name, arity and text of all functions."),
            function("functions", 1, "The same of one service, by name or pid."),
            function("connections", 0, "The nodes that this one is connected with."),
            function("whereis", 1, "The pid of the service of this name, or nil."),
            function("help", 0, "What can be asked here."),
        ]
    }

    fn call(&self, function: usize, mut call: Call<'_>) -> Handled {
        let inner = &Inner::of(call.args().context());
        match function {
            0 => call.reply(info(inner)),
            1 => call.reply(services(inner)),
            2 => call.reply(functions(inner, None)),
            3 => match call.arg::<Target>() {
                Ok(target) => call.reply(functions(inner, Some(&target))),
                Err(rejection) => call.reject(rejection),
            },
            4 => call.reply(connections(inner)),
            5 => match call.arg::<Atom>() {
                Ok(name) => call.reply(inner.registry.named(name.as_bytes()).map(|process| process.pid.clone())),
                Err(rejection) => call.reject(rejection),
            },
            6 => call.reply(HELP),
            _ => call.reject(Rejection::unknown_call()),
        }
    }
}

/// A service by its name or pid.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Name(Atom),
    Pid(Pid),
}

impl FromTerm for Target {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match decoder.peek()? {
            Kind::Atom => decoder.atom().map(Target::Name),
            Kind::Pid => decoder.pid().map(Target::Pid),
            _ => Err(decoder.mismatch("name or pid of a service")),
        }
    }
}

impl Target {
    fn is(&self, process: &Process) -> bool {
        match (self, &process.name) {
            (Target::Pid(pid), _) => *pid == process.pid,
            (Target::Name(name), Some(own)) => name == own,
            (Target::Name(name), None) => *name == "nil",
        }
    }
}

/// A map with atoms as keys.
struct Map(Vec<(&'static str, Box<dyn IntoTerm>)>);

impl IntoTerm for Map {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_map(self.0.len())?;
        for (key, value) in &self.0 {
            encoder.put_atom(&Atom::from_static(key));
            value.encode(encoder)?;
        }
        Ok(())
    }
}

fn counters(sums: Sums) -> Map {
    let entry = |(name, count): (&'static str, u64)| (name, Box::new(count) as Box<dyn IntoTerm>);
    Map(sums.named().map(entry).into())
}

fn seconds_since(start: Instant) -> u64 {
    start.elapsed().as_secs()
}

fn info(inner: &Inner) -> Map {
    let peers = inner.peers.all();
    let mut sums = *inner.past.lock().unwrap_or_else(PoisonError::into_inner);
    peers.iter().for_each(|peer| sums.add(&peer.line.counters));
    let services = inner.registry.services().len();
    Map(vec![
        ("node", Box::new(inner.identity.name.clone())),
        ("nodex", Box::new(env!("CARGO_PKG_VERSION"))),
        ("creation", Box::new(inner.identity.creation)),
        ("os_pid", Box::new(std::process::id())),
        ("uptime", Box::new(seconds_since(inner.started))),
        ("services", Box::new(services)),
        ("connections", Box::new(peers.len())),
        ("spawned_calls", Box::new(inner.registry.table.calls())),
        ("counters", Box::new(counters(sums))),
    ])
}

/// Returns all services, those with names first.
fn sorted(inner: &Inner) -> Vec<ProcessRef<'_>> {
    let mut services = inner.registry.services();
    services.sort_by(|a, b| (a.name.is_none(), &a.name, &a.pid).cmp(&(b.name.is_none(), &b.name, &b.pid)));
    services
}

fn services(inner: &Inner) -> Vec<(Option<Atom>, Pid, usize)> {
    let entry = |process: &ProcessRef<'_>| (process.name.clone(), process.pid.clone(), process.functions().count());
    sorted(inner).iter().map(entry).collect()
}

/// A service in the list of functions.
enum Shown {
    Name(Atom),
    Pid(Pid),
    Anonymous,
}

impl IntoTerm for Shown {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Shown::Name(name) => name.encode(encoder),
            Shown::Pid(pid) => pid.encode(encoder),
            Shown::Anonymous => crate::atom!("nil").encode(encoder),
        }
    }
}

fn functions(inner: &Inner, of: Option<&Target>) -> Vec<(Shown, Atom, u8, &'static str)> {
    let anonymous = inner.registry.catch_all().map(|process| process.address.number());
    let mut all = Vec::new();
    for process in sorted(inner) {
        if of.is_some_and(|of| !of.is(&process)) {
            continue;
        }
        let mut own: Vec<_> = process.functions().cloned().collect();
        own.sort_by(|a, b| (&a.name, a.arity).cmp(&(&b.name, b.arity)));
        for function in own {
            let shown = match &process.name {
                Some(name) => Shown::Name(name.clone()),
                None if anonymous == Some(process.address.number()) => Shown::Anonymous,
                None => Shown::Pid(process.pid.clone()),
            };
            all.push((shown, function.name, function.arity, function.doc));
        }
    }
    all
}

fn connections(inner: &Inner) -> Vec<Map> {
    let mut peers = inner.peers.all();
    peers.sort_by(|a, b| a.name().cmp(b.name()));
    peers.iter().map(|peer| connection(peer)).collect()
}

fn connection(peer: &Peer) -> Map {
    let mut sums = Sums::default();
    sums.add(&peer.line.counters);
    let (monitors, links) = peer.watches.counts();
    let flags: Vec<Atom> = peer.line.flags.names().map(Atom::from_static).collect();
    Map(vec![
        ("node", Box::new(peer.line.name.clone())),
        ("creation", Box::new(peer.line.creation)),
        ("flags", Box::new(flags)),
        ("uptime", Box::new(seconds_since(peer.since))),
        ("written", Box::new(peer.line.outbox.written())),
        ("waiting", Box::new(peer.line.outbox.waiting())),
        ("monitors", Box::new(monitors)),
        ("links", Box::new(links)),
        ("counters", Box::new(counters(sums))),
    ])
}
