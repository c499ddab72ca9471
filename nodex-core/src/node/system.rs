//! The processes that every node has: what a BEAM looks for under well-known names.

use super::{Accepts, Call, Function, Handled, Rejection, Service, introspect::Introspection};
use crate::{
    etf::Decoder,
    term::{Atom, Pid, RawTerm},
};

/// The names of the processes that every node has. They stand behind the names that services are registered under.
pub(super) const NAMES: [&str; 4] = ["net_kernel", "rex", "nodex", USER];

/// The services with these names, in this order. They answer nothing but calls of the functions that they list.
pub(super) fn services() -> [Box<dyn Service>; 4] {
    [Box::new(NetKernel), Box::new(Rex), Box::new(Introspection), Box::new(User)]
}

/// Which of [`NAMES`] this is.
#[inline]
pub(super) fn position(name: &[u8]) -> Option<usize> {
    NAMES.iter().position(|own| own.as_bytes() == name)
}

/// The name of the process that is the group leader of what this node spawns elsewhere.
pub(super) const USER: &str = "user";

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

/// The group leader of functions that this node calls on others (stdlib, chapter "The Erlang I/O Protocol"): what they
/// print is dropped, and there is nothing to read.
struct User;

impl Service for User {
    fn functions(&self) -> Vec<Function> {
        vec![Function::new("io_request", 3).accepts(Accepts::PLAIN)]
    }

    fn call(&self, _: usize, mut call: Call<'_>) -> Handled {
        let arguments = (call.arg::<Pid>(), call.arg::<RawTerm>(), call.arg::<RawTerm>());
        let (Ok(_), Ok(reply_as), Ok(request)) = arguments else { return call.no_reply() };
        let mut request = Decoder::new(request.as_bytes());
        let kind = request.tuple().and_then(|_| request.atom());
        match kind {
            Ok(kind) if kind == "put_chars" => call.reply((crate::atom!("io_reply"), reply_as, crate::atom!("ok"))),
            _ => {
                let refusal = (crate::atom!("error"), crate::atom!("enotsup"));
                call.reply((crate::atom!("io_reply"), reply_as, refusal))
            }
        }
    }
}
