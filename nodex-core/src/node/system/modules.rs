//! Functions of OTP's modules that nodes of a cluster call on each other by `rpc`, as far as there is a true answer.
//! All others raise `undef`, which callers expect from nodes without their code.

use std::time::Duration;

use crate::{
    node::{
        connection::inner::Inner,
        number::Number,
        service::{
            args::Args,
            call::{Call, Handled},
            interface::{Accepts, Function, Service},
            rejection::Rejection,
        },
    },
    term::{Atom, Pid},
};

/// Returns the modules that are not also processes.
pub(super) fn modules() -> Vec<(&'static str, Box<dyn Service>)> {
    vec![("erlang", Box::new(Erlang)), ("application", Box::new(Applications))]
}

/// The result of `net_kernel:get_net_ticktime/0`: seconds, and never 0, which would switch ticks off.
pub(in crate::node) fn net_ticktime(tick_time: Duration) -> u64 {
    tick_time.as_secs().max(1)
}

fn function(name: &'static str, arity: u8) -> Function {
    Function::new(name, arity).accepts(Accepts::RPC)
}

struct Erlang;

impl Service for Erlang {
    fn functions(&self) -> Vec<Function> {
        vec![function("node", 0), function("whereis", 1), function("is_process_alive", 1), function("system_info", 1)]
    }

    fn call(&self, function: usize, mut call: Call<'_>) -> Handled {
        let inner = Inner::of(call.args().context());
        match function {
            0 => call.reply(inner.identity.name.clone()),
            1 => match call.arg::<Atom>() {
                Ok(name) => {
                    let pid = inner.registry.whereis(name.as_bytes());
                    call.reply(pid.ok_or(crate::atom!("undefined")).map_or_else(Known::Not, Known::Pid))
                }
                Err(rejection) => call.reject(rejection),
            },
            2 => match call.arg::<Pid>().and_then(|pid| own(call.args(), &pid)) {
                Ok(alive) => call.reply(alive),
                Err(rejection) => call.reject(rejection),
            },
            _ => match call.arg::<Atom>() {
                Ok(item) if item == "creation" => call.reply(inner.identity.creation),
                Ok(item) => call.reject(Rejection::badarg(&format!("system_info: {item} is not known here"))),
                Err(rejection) => call.reject(rejection),
            },
        }
    }
}

/// Returns whether a process of this node exists.
fn own(args: &Args<'_>, pid: &Pid) -> Result<bool, Rejection> {
    let inner = Inner::of(args.context());
    if pid.node != inner.identity.name {
        return Err(Rejection::badarg("is_process_alive: a process of another node"));
    }
    Ok(pid.creation == inner.identity.creation && inner.is_alive(Number { id: pid.id, serial: pid.serial }))
}

/// A pid, or `undefined`.
enum Known {
    Pid(Pid),
    Not(Atom),
}

impl crate::convert::IntoTerm for Known {
    fn encode(&self, encoder: &mut crate::etf::Encoder) -> Result<(), crate::etf::EncodeError> {
        match self {
            Known::Pid(pid) => pid.encode(encoder),
            Known::Not(undefined) => undefined.encode(encoder),
        }
    }
}

struct Applications;

impl Service for Applications {
    fn functions(&self) -> Vec<Function> {
        vec![function("which_applications", 0), function("which_applications", 1)]
    }

    fn call(&self, _: usize, call: Call<'_>) -> Handled {
        let text = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
        call.reply(vec![(crate::atom!("nodex"), text("a node in Rust"), text(env!("CARGO_PKG_VERSION")))])
    }
}
