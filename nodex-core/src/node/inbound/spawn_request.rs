//! Requests of other nodes to spawn a process, which `rpc` and `erpc` send.
//!
//! Follows erts, chapter `erl_dist_protocol` (`SPAWN_REQUEST`), and `erpc.erl`. A service is called by its registered name
//! as the module; there is no other code to run.

use std::sync::{Arc, atomic::Ordering};

use super::{
    apply::{Applying, apply},
    connection::Dispatch,
};
use crate::{
    error::Chain,
    etf::{Decoder, Encoder, EtfError, List},
    net::{Input, LinkEnd, ProtocolError},
    node::{
        address::Address,
        counters::CallKind,
        process::rpc_process::{RpcProcess, Style},
        service::{call_tag::CallTag, reply_sink::ReplySink, reply_to::ReplyTo},
    },
    protocol::control::{AtomTerm, Control, PidTerm, ProcTerm, RefTerm, spawn_flags},
    term::RawTerm,
};

/// The atom `badarg`.
const BADARG: &[u8] = b"\x77\x06badarg";
/// The atom `badopt`.
const BADOPT: &[u8] = b"\x77\x06badopt";

/// A `SPAWN_REQUEST`, as it came.
#[derive(Clone, Copy)]
pub(super) struct SpawnRequest<'a> {
    pub(super) id: RefTerm<'a>,
    pub(super) from: PidTerm<'a>,
    pub(super) module: AtomTerm<'a>,
    pub(super) function: AtomTerm<'a>,
    pub(super) options: &'a [u8],
    pub(super) token: Option<&'a [u8]>,
    pub(super) arguments: &'a [u8],
}

/// The options that have an effect.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Options {
    link: bool,
    monitor: bool,
}

/// The function that a process calls, and how the process ends.
struct Application<'a> {
    style: Style,
    /// The term by which `erpc` recognizes the result; empty for other calls.
    result: &'a [u8],
    applied: Applying<'a>,
}

impl Dispatch {
    /// Spawns the process and runs it. The answer to the request is written before all output of the process.
    pub(super) fn spawn_request(
        &mut self,
        request: SpawnRequest<'_>,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<(), LinkEnd> {
        let arguments = match Decoder::new(request.arguments).skip() {
            Ok(arguments) => arguments,
            // A term of a later release costs only this request.
            Err(error @ EtfError::UnknownTag { .. }) => {
                tracing::warn!(peer = %self.connection.context.peer(), error = %Chain(&error), "a spawn request was refused");
                self.spawn_reply(&request, 0, AtomTerm::new(BADARG).map(ProcTerm::Name), out);
                return Ok(());
            }
            Err(error) => return Err(ProtocolError::SpawnArguments(error).into()),
        };
        let Some(options) = Options::read(request.options) else {
            self.spawn_reply(&request, 0, AtomTerm::new(BADOPT).map(ProcTerm::Name), out);
            return Ok(());
        };
        let application = Application::new(&request, arguments);
        let inner = &self.connection.inner;
        let number = inner.registry.table.take();
        let address = Arc::new(Address::new(&inner.identity.pid(number)));
        let own = |term: &[u8]| RawTerm::from_slice(term, Some(input.owner()));
        let applied = application.applied;
        let process = Arc::new(RpcProcess::new(
            address.clone(),
            self.connection.context.clone(),
            application.style,
            [own(request.id.as_bytes()), own(request.from.as_bytes()), own(application.result)],
            applied.keep(own),
        ));
        inner.registry.table.set_call(number, &process);
        let mut flags = 0;
        if options.monitor {
            flags |= spawn_flags::MONITOR;
            process.monitored.store(true, Ordering::SeqCst);
        }
        if options.link {
            flags |= spawn_flags::LINK;
            process.watched.store(true, Ordering::SeqCst);
            self.connection.enter_link(number, request.from)?;
        }
        self.spawn_reply(&request, flags, address.pid().map(ProcTerm::Pid), out);
        // From here on only the call keeps the process alive.
        let sink: Arc<dyn ReplySink> = process;
        let call_tag = CallTag { sink: Some(&sink), ..CallTag::default() };
        let reply_to = ReplyTo {
            kind: CallKind::Rpc,
            flags: self.connection.flags,
            to: Some(request.from),
            from: &address,
            call_tag: Some(&call_tag),
        };
        apply(self, applied, &sink, reply_to, input, out);
        Ok(())
    }

    fn spawn_reply(&self, request: &SpawnRequest<'_>, flags: u32, result: Option<ProcTerm<'_>>, out: &mut Encoder) {
        let Some(result) = result else { return };
        let reply = Control::SpawnReply { id: request.id, to: request.from, flags, result, token: request.token };
        if let Err(error) = reply.encode(self.connection.flags, out) {
            tracing::debug!(peer = %self.connection.context.peer(), error = %Chain(&error), "a spawn request cannot be answered");
        }
    }
}

impl<'a> Application<'a> {
    fn new(request: &SpawnRequest<'a>, arguments: &'a [u8]) -> Self {
        let (module, function) = (request.module.as_bytes(), request.function.as_bytes());
        let plain = |applied| Application { style: Style::Spawn, result: &[], applied };
        let itself = Applying { module, function, arguments };
        if request.module.name_bytes() != b"erpc" {
            return plain(itself);
        }
        match request.function.name_bytes() {
            b"execute_call" => match terms(arguments) {
                Some([result, module, function, arguments]) => {
                    Application { style: Style::Call, result, applied: Applying { module, function, arguments } }
                }
                None => plain(itself),
            },
            b"execute_cast" => match terms(arguments) {
                Some([module, function, arguments]) => plain(Applying { module, function, arguments }),
                None => plain(itself),
            },
            _ => plain(itself),
        }
    }
}

/// Returns the terms of a list, if it has exactly this number of them.
fn terms<const N: usize>(list: &[u8]) -> Option<[&[u8]; N]> {
    let mut decoder = Decoder::new(list);
    match decoder.list() {
        Ok(List::Elements(count)) if count == N => {}
        _ => return None,
    }
    let mut terms = [&[][..]; N];
    for term in &mut terms {
        *term = decoder.skip().ok()?;
    }
    decoder.list_tail().ok()?;
    Some(terms)
}

impl Options {
    /// Reads the options. Returns `None` when a BEAM would answer `badopt`. Options for the memory and the priority of
    /// a process are accepted and have no effect.
    fn read(list: &[u8]) -> Option<Self> {
        let mut options = Options::default();
        let mut decoder = Decoder::new(list);
        let count = match decoder.list().ok()? {
            List::Bytes([]) => return Some(options),
            List::Bytes(_) => return None,
            List::Elements(count) => count,
        };
        for _ in 0..count {
            let option = decoder.skip().ok()?;
            let mut inside = Decoder::new(option);
            let pair = inside.tuple().ok();
            let name = AtomTerm::new(if pair == Some(2) { inside.skip().ok()? } else { option })?;
            match (name.name_bytes(), pair) {
                (b"link", None | Some(2)) => options.link = true,
                (b"monitor", None | Some(2)) => options.monitor = true,
                (
                    b"priority"
                    | b"fullsweep_after"
                    | b"min_heap_size"
                    | b"min_bin_vheap_size"
                    | b"max_heap_size"
                    | b"message_queue_data"
                    | b"scheduler"
                    | b"async_dist",
                    Some(2),
                ) => {}
                _ => return None,
            }
        }
        decoder.list_tail().ok()?;
        Some(options)
    }
}

#[cfg(test)]
mod tests {
    use nodex_testkit::peer::wire::list;

    use super::*;

    const LINK: &[u8] = b"\x77\x04link";
    const MONITOR: &[u8] = b"\x77\x07monitor";

    #[test]
    fn options_are_those_of_a_beam() {
        let read = |elements: &[&[u8]]| Options::read(&list(elements)).map(|o| (o.link, o.monitor));
        assert_eq!(Options::read(b"\x6a"), Some(Options::default()));
        assert_eq!(read(&[LINK]), Some((true, false)));
        assert_eq!(read(&[MONITOR, LINK, MONITOR]), Some((true, true)));
        assert_eq!(read(&[b"\x68\x02\x77\x07monitor\x6a"]), Some((false, true)));
        assert_eq!(read(&[b"\x68\x02\x77\x08priority\x77\x04high"]), Some((false, false)));
        assert_eq!(read(&[b"\x77\x03foo"]), None);
        assert_eq!(read(&[b"\x77\x08priority"]), None);
        assert_eq!(read(&[b"\x68\x02\x77\x05reply\x77\x02no"]), None);
        assert_eq!(read(&[b"\x68\x03\x77\x04link\x6a\x6a"]), None);
        assert_eq!(Options::read(MONITOR), None);
        assert_eq!(Options::read(b"\x6b\0\x01\x01"), None);
        let mut improper = list(&[MONITOR]);
        improper.pop();
        improper.extend(b"\x61\x01");
        assert_eq!(Options::read(&improper), None);
    }

    #[test]
    fn the_arguments_of_erpc_are_told_from_those_of_others() {
        let erpc = |function: &[u8], arguments: &[u8]| {
            let [id, from] =
                [b"\x5a\0\x01\x77\x01a\0\0\0\x01\0\0\0\x01".as_slice(), b"\x58\x77\x01a\0\0\0\x01\0\0\0\x01\0\0\0\x01"];
            let request = SpawnRequest {
                id: RefTerm::new(id).unwrap(),
                from: PidTerm::new(from).unwrap(),
                module: AtomTerm::new(b"\x77\x04erpc").unwrap(),
                function: AtomTerm::new(function).unwrap(),
                options: b"\x6a",
                token: None,
                arguments,
            };
            let application = Application::new(&request, arguments);
            (application.style, application.applied.module.to_vec(), application.applied.arguments.to_vec())
        };
        let (m, f, a, r) =
            (b"\x77\x01m".as_slice(), b"\x77\x01f".as_slice(), b"\x6a".as_slice(), b"\x61\x01".as_slice());
        assert_eq!(erpc(b"\x77\x0cexecute_call", &list(&[r, m, f, a])), (Style::Call, m.to_vec(), a.to_vec()));
        assert_eq!(erpc(b"\x77\x0cexecute_cast", &list(&[m, f, a])), (Style::Spawn, m.to_vec(), a.to_vec()));
        let three = list(&[m, f, a]);
        assert_eq!(erpc(b"\x77\x0cexecute_call", &three), (Style::Spawn, b"\x77\x04erpc".to_vec(), three));
    }
}
