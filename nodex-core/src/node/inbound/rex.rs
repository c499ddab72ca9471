//! Calls of the server `rex`: of `rpc` in OTP 23, of `rpc:block_call/4` in every release, and of `ei_rpc_to` in C
//! nodes.
//!
//! Follows `rpc.erl`.

use std::sync::Arc;

use super::{
    apply::{Applying, apply},
    connection::Dispatch,
    envelope::Envelope,
    run,
};
use crate::{
    etf::{Decoder, Encoder, tag},
    net::Input,
    node::{
        counters::CallKind,
        process::rpc_process::{RpcProcess, Style},
        service::{
            call_tag::{CallTag, gen_from},
            reply_sink::ReplySink,
            reply_to::ReplyTo,
        },
    },
    protocol::control::{AtomTerm, PidTerm, Target},
    term::RawTerm,
};

/// The atom `rex`, which replies to C nodes start with.
pub(super) const TAG: &[u8] = b"\x77\x03rex";
/// The atom `features_reply`.
const FEATURES_REPLY: &[u8] = b"\x77\x0efeatures_reply";
/// The list `[erpc]`.
const FEATURES: &[u8] = b"\x6c\0\0\0\x01\x77\x04erpc\x6a";

/// A message that `rex` understands.
enum Request<'a> {
    Apply {
        to: Option<PidTerm<'a>>,
        tag: &'a [u8],
        module: &'a [u8],
        function: &'a [u8],
        arguments: &'a [u8],
    },
    Features {
        to: PidTerm<'a>,
    },
    /// `{sbcast, Name, Message}` of `rpc:sbcast/3`, with the name encoded.
    Broadcast {
        to: PidTerm<'a>,
        name: &'a [u8],
        message: &'a [u8],
    },
}

impl Dispatch {
    /// Handles a message to `rex`. Returns `false` when it is not one.
    #[cold]
    pub(super) fn rex(&mut self, to: Target<'_>, message: &[u8], input: Input<'_>, out: &mut Encoder) -> bool {
        let Target::Name(name) = to else { return false };
        // A service with this name has been registered by the program.
        if self.connection.inner.registry.named(name.name_bytes()).is_some() {
            return false;
        }
        let (Some(request), Some(process)) =
            (Request::read(message), self.connection.inner.registry.system(name.name_bytes()))
        else {
            return false;
        };
        let address = process.address.clone();
        let reply_to =
            ReplyTo { kind: CallKind::Rpc, flags: self.connection.flags, to: None, from: &address, call_tag: None };
        match request {
            Request::Features { to } => {
                let reply_to = ReplyTo { to: Some(to), ..reply_to };
                if let Some(frame) = reply_to.begin(out) {
                    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
                    out.put_slice(FEATURES_REPLY);
                    out.put_atom(&self.connection.inner.identity.name);
                    out.put_slice(FEATURES);
                    reply_to.finish(frame, out);
                }
            }
            Request::Broadcast { to, name, message } => {
                let receiver =
                    AtomTerm::new(name).and_then(|name| Some((name, self.connection.inner.registry.by_name(name)?)));
                let known = receiver.is_some();
                if let Some((name, process)) = receiver {
                    let (connection, ending) = (&self.connection, self.ending);
                    let envelope = Envelope { process: &process, name: Some(name), connection, input, ending };
                    // The sender of the message is not the caller that waits for the result, so the reply to the
                    // message is dropped.
                    let looked = run::look(&process, message);
                    run::message(&envelope, None, message, looked, &mut self.later, out);
                }
                let reply_to = ReplyTo { kind: CallKind::Plain, to: Some(to), ..reply_to };
                if let Some(frame) = reply_to.begin(out) {
                    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
                    out.put_slice(TAG);
                    out.put_atom(&self.connection.inner.identity.name);
                    if known {
                        out.put_atom(&self.connection.inner.identity.name);
                    } else {
                        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
                        out.put_atom(&crate::atom!("nonexisting_name"));
                        out.put_slice(name);
                    }
                    reply_to.finish(frame, out);
                }
            }
            Request::Apply { to, tag, module, function, arguments } => {
                let own = |term: &[u8]| RawTerm::from_slice(term, Some(input.owner()));
                let caller = own(to.map_or(&[], PidTerm::as_bytes));
                let applied = Applying { module, function, arguments };
                let sink: Arc<dyn ReplySink> = Arc::new(RpcProcess::new(
                    address.clone(),
                    self.connection.context.clone(),
                    Style::Rex,
                    [own(&[]), caller, own(tag)],
                    applied.keep(own),
                ));
                let call_tag = CallTag { sink: Some(&sink), ..CallTag::new(tag) };
                let reply_to = ReplyTo { to, call_tag: Some(&call_tag), ..reply_to };
                apply(self, applied, &sink, reply_to, input, out);
            }
        }
        true
    }
}

impl<'a> Request<'a> {
    fn read(message: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(message);
        let arity = decoder.tuple().ok()?;
        let first = decoder.skip().ok()?;
        if arity == 2
            && let Some(to) = PidTerm::new(first)
        {
            // C nodes do so, and visible BEAMs that ask for the features of this node.
            let request = decoder.skip().ok()?;
            return match AtomTerm::new(request) {
                Some(atom) => (atom.name_bytes() == b"features_request").then_some(Request::Features { to }),
                None => Self::broadcast(to, request).or_else(|| Self::apply(Some(to), TAG, request, &[b"call"])),
            };
        }
        match (AtomTerm::new(first)?.name_bytes(), arity) {
            (b"$gen_call", 3) => {
                let (to, tag) = gen_from(&mut decoder)?;
                Self::apply(Some(to), tag, decoder.skip().ok()?, &[b"call", b"block_call"])
            }
            (b"$gen_cast", 2) => Self::apply(None, &[], decoder.skip().ok()?, &[b"cast"]),
            _ => None,
        }
    }

    fn broadcast(to: PidTerm<'a>, request: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(request);
        if decoder.tuple().ok()? != 3 || decoder.atom_name().ok()? != "sbcast" {
            return None;
        }
        Some(Request::Broadcast { to, name: decoder.skip().ok()?, message: decoder.skip().ok()? })
    }

    /// `{Kind, Module, Function, Arguments, GroupLeader}`.
    fn apply(to: Option<PidTerm<'a>>, tag: &'a [u8], request: &'a [u8], kinds: &[&[u8]]) -> Option<Self> {
        let mut decoder = Decoder::new(request);
        if decoder.tuple().ok()? != 5 || !kinds.contains(&AtomTerm::new(decoder.skip().ok()?)?.name_bytes()) {
            return None;
        }
        let [module, function, arguments] = [decoder.skip().ok()?, decoder.skip().ok()?, decoder.skip().ok()?];
        Some(Request::Apply { to, tag, module, function, arguments })
    }
}

#[cfg(test)]
mod tests {
    use nodex_testkit::encoded;

    use super::*;
    use crate::term::{Atom, Pid};

    fn pid() -> Pid {
        Pid { node: crate::atom!("c@h"), id: 1, serial: 0, creation: 5 }
    }

    fn call(kind: &'static str) -> (Atom, Atom, Atom, Vec<u8>, Atom) {
        (Atom::from_static(kind), crate::atom!("m"), crate::atom!("f"), vec![], crate::atom!("user"))
    }

    #[test]
    fn the_ways_to_ask_are_understood() {
        let reads = |message: &[u8]| match Request::read(message) {
            Some(Request::Apply { to, tag, module, .. }) => {
                assert_eq!(module, b"\x77\x01m");
                Some((to.is_some(), tag.to_vec()))
            }
            Some(Request::Features { .. }) => Some((true, b"features".to_vec())),
            Some(Request::Broadcast { name, .. }) => Some((true, name.to_vec())),
            None => None,
        };
        let gen_call = |kind| encoded((crate::atom!("$gen_call"), (pid(), crate::atom!("t")), call(kind)));
        assert_eq!(reads(&gen_call("call")), Some((true, b"\x77\x01t".to_vec())));
        assert_eq!(reads(&gen_call("block_call")), Some((true, b"\x77\x01t".to_vec())));
        assert_eq!(reads(&gen_call("cast")), None);
        assert_eq!(reads(&encoded((crate::atom!("$gen_cast"), call("cast")))), Some((false, vec![])));
        assert_eq!(reads(&encoded((pid(), call("call")))), Some((true, TAG.to_vec())));
        assert_eq!(reads(&encoded((pid(), call("cast")))), None);
        assert_eq!(reads(&encoded((pid(), crate::atom!("features_request")))), Some((true, b"features".to_vec())));
        let broadcast = (crate::atom!("sbcast"), crate::atom!("n"), 1u8);
        assert_eq!(reads(&encoded((pid(), broadcast))), Some((true, b"\x77\x01n".to_vec())));
        assert_eq!(reads(&encoded((pid(), crate::atom!("other")))), None);
        assert_eq!(reads(&encoded((crate::atom!("ping"), 1u8))), None);
        assert_eq!(reads(&encoded(crate::atom!("ping"))), None);
        assert_eq!(reads(b"\x68\x02\x61"), None);
    }
}
