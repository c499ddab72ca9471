//! The processes that every node has, under the names that BEAMs expect.

use super::{
    introspect::Introspection,
    modules::{modules, net_ticktime},
};
use crate::{
    node::{
        connection::inner::Inner,
        process::registry::SystemServices,
        service::{
            call::{Call, Handled},
            interface::{Accepts, Function, Service},
            rejection::Rejection,
        },
    },
    term::Atom,
};

/// Returns the services of every node.
pub(in crate::node) fn every_node() -> SystemServices {
    SystemServices {
        net_kernel: Box::new(NetKernel),
        rex: Box::new(Rex),
        nodex: Box::new(Introspection),
        user: Box::new(User),
        modules: modules(),
    }
}

/// The server that `net_adm:ping/1` and `Node.ping/1` call (`net_kernel.erl`, `handle_call({is_auth, Node}, ..)`).
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
            let tick_time = Inner::of(call.args().context()).limits.tick_time;
            return call.reply(net_ticktime(tick_time));
        }
        match call.arg::<Atom>() {
            Ok(_) => call.reply(crate::atom!("yes")),
            Err(rejection) => call.reject(rejection),
        }
    }
}

/// The server that `rpc` of OTP 23 calls. Its requests are recognized by their form, not as functions.
struct Rex;

impl Service for Rex {
    fn functions(&self) -> Vec<Function> {
        Vec::new()
    }

    fn call(&self, _: usize, call: Call<'_>) -> Handled {
        call.reject(Rejection::unknown_call())
    }
}

/// The group leader of functions that this node calls on others (stdlib, chapter "The Erlang I/O Protocol"). It drops
/// output and has no input. I/O requests are recognized by their form: see [`crate::node::inbound::forms`].
struct User;

impl Service for User {
    fn functions(&self) -> Vec<Function> {
        Vec::new()
    }

    fn call(&self, _: usize, call: Call<'_>) -> Handled {
        call.no_reply()
    }
}
