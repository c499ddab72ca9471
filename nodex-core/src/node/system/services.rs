//! The processes that every node has: what a BEAM looks for under well-known names.

use super::{introspect::Introspection, modules::net_ticktime};
use crate::{
    node::service::{
        args::Rejection,
        call::{Call, Handled},
        interface::{Accepts, Function, Service},
    },
    term::Atom,
};

/// The names of the processes that every node has. They stand behind the names that services are registered under.
pub(in crate::node) const NAMES: [&str; 4] = ["net_kernel", "rex", "nodex", USER];

/// The services with these names, in this order. They answer nothing but calls of the functions that they list.
pub(in crate::node) fn services() -> [Box<dyn Service>; 4] {
    [Box::new(NetKernel), Box::new(Rex), Box::new(Introspection), Box::new(User)]
}

/// Which of [`NAMES`] this is.
#[inline]
pub(in crate::node) fn position(name: &[u8]) -> Option<usize> {
    NAMES.iter().position(|own| own.as_bytes() == name)
}

/// The name of the process that is the group leader of what this node spawns elsewhere.
pub(in crate::node) const USER: &str = "user";

/// What `net_adm:ping/1` and `Node.ping/1` call (`net_kernel.erl`, `handle_call({is_auth, Node}, ..)`).
struct NetKernel;

impl Service for NetKernel {
    fn functions(&self) -> Vec<Function> {
        vec![
            Function::new("is_auth", 1).accepts(Accepts::CALL).doc("Answers yes, as every node that let us in."),
            Function::new("get_net_ticktime", 0).accepts(Accepts::RPC).doc("The tick time in seconds."),
        ]
    }

    fn call(&self, function: usize, mut call: Call<'_>) -> Handled {
        if function == 1 {
            let tick_time = call.args().context().inner().limits.tick_time;
            return call.reply(net_ticktime(tick_time));
        }
        match call.arg::<Atom>() {
            Ok(_) => call.reply(crate::atom!("yes")),
            Err(rejection) => call.reject(rejection),
        }
    }
}

/// The server that `rpc` of OTP 23 calls. What it understands is told by the form of the message, not by functions.
struct Rex;

impl Service for Rex {
    fn functions(&self) -> Vec<Function> {
        Vec::new()
    }

    fn call(&self, _: usize, call: Call<'_>) -> Handled {
        call.reject(Rejection::unknown_call())
    }
}

/// The group leader of functions that this node calls on others (stdlib, chapter "The Erlang I/O Protocol"): what they
/// print is dropped, and there is nothing to read. I/O requests are told by their form: see [`crate::node::inbound::forms`].
struct User;

impl Service for User {
    fn functions(&self) -> Vec<Function> {
        Vec::new()
    }

    fn call(&self, _: usize, call: Call<'_>) -> Handled {
        call.no_reply()
    }
}
