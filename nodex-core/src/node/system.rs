//! The processes that every node has: what a BEAM looks for under well-known names.

use super::{Accepts, Call, Function, Handled, Rejection, Service, introspect::Introspection};
use crate::term::Atom;

/// Names and services of the processes that every node has. They stand behind the names that services are registered
/// under, and answer nothing but calls of the functions that they list.
pub(super) fn services() -> Vec<(&'static str, Box<dyn Service>)> {
    vec![("net_kernel", Box::new(NetKernel)), ("rex", Box::new(Rex)), ("nodex", Box::new(Introspection))]
}

/// What `net_adm:ping/1` and `Node.ping/1` call (`net_kernel.erl`, `handle_call({is_auth, Node}, ..)`).
struct NetKernel;

impl Service for NetKernel {
    fn functions(&self) -> Vec<Function> {
        vec![Function::new("is_auth", 1).accepts(Accepts::CALL).doc("Answers yes, as every node that let us in.")]
    }

    fn call(&self, function: usize, mut call: Call<'_>) -> Handled {
        match (function, call.arg::<Atom>()) {
            (0, Ok(_)) => call.reply(crate::atom!("yes")),
            (_, Ok(_)) => call.reject(Rejection::unknown_call()),
            (_, Err(rejection)) => call.reject(rejection),
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
