//! Applied functions: `rpc` and `erpc` send a module, a function and a list of arguments. The module is the registered
//! name of a service.

use std::{borrow::Cow, sync::Arc};

use super::{connection::Dispatch, envelope::Envelope, run};
use crate::{
    etf::{Decoder, Encoder, List, tag},
    net::Input,
    node::{
        process::{rpc_exception::Applied, service_process::ProcessRef},
        service::{
            reply_sink::{Failure, ReplySink, is_kept},
            reply_to::ReplyTo,
        },
    },
    protocol::control::AtomTerm,
    term::RawTerm,
};

/// Module, function and arguments, as they came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applying<'a> {
    pub(super) module: &'a [u8],
    pub(super) function: &'a [u8],
    pub(super) arguments: &'a [u8],
}

impl Applying<'_> {
    /// Returns a copy that outlives the message.
    pub(super) fn keep(self, own: impl for<'a> Fn(&'a [u8]) -> RawTerm) -> Applied {
        Applied { module: own(self.module), function: own(self.function), arguments: own(self.arguments) }
    }
}

/// Calls the function of a spawned process. `reply_to` is the receiver of a result that is sent as a message.
pub(super) fn apply(
    dispatch: &mut Dispatch,
    applying: Applying<'_>,
    sink: &Arc<dyn ReplySink>,
    reply_to: ReplyTo<'_>,
    input: Input<'_>,
    out: &mut Encoder,
) {
    let Dispatch { connection, later, ending, .. } = dispatch;
    let bad_apply = |out: &mut Encoder| reply_to.fail(sink, &Failure::BadApply, out);
    let Applying { module, function, arguments } = applying;
    let (Some(module), Some(function)) = (AtomTerm::new(module), AtomTerm::new(function)) else {
        return bad_apply(out);
    };
    let Some((arity, arguments)) = elements(arguments) else { return bad_apply(out) };
    let registry = &connection.inner.registry;
    let process = registry.by_name(module);
    // Services that answer any name do not replace the processes of every node.
    let process = match registry.module(module.name_bytes()) {
        Some(own)
            if process.as_ref().is_none_or(|process| process.name.is_none())
                && own.function(function.name_bytes(), function.name_bytes().len(), arity).is_some() =>
        {
            Some(ProcessRef::Permanent(own))
        }
        _ => process,
    };
    let (Some(process), Ok(function)) = (process, function.name()) else {
        connection.context.counters().unknown();
        return reply_to.fail(sink, &Failure::Undef, out);
    };
    let decoder = match &arguments {
        // The owner can only return slices of itself.
        Cow::Borrowed(arguments) if is_within(arguments, input.owner()) => {
            Decoder::with_owner(arguments, input.owner())
        }
        arguments => Decoder::new(arguments),
    };
    let envelope = Envelope { process: &process, name: Some(module), connection, input, ending: *ending };
    let name = function.as_bytes();
    run::call(&envelope, &decoder, (name, arity), &reply_to, later, out);
    reply_to.settle(out);
    if is_kept(sink) {
        sink.count_as_kept();
    }
}

/// Returns `true` when `part` is a slice of `whole`.
fn is_within(part: &[u8], whole: &[u8]) -> bool {
    whole.as_ptr_range().contains(&part.as_ptr()) && part.as_ptr_range().end <= whole.as_ptr_range().end
}

/// Returns the number of elements of a proper list, and all of them one after the other.
fn elements(list: &[u8]) -> Option<(usize, Cow<'_, [u8]>)> {
    let mut decoder = Decoder::new(list);
    match decoder.list().ok()? {
        List::Bytes(bytes) => {
            let integers = bytes.iter().flat_map(|&byte| [tag::SMALL_INTEGER_EXT, byte]).collect();
            Some((bytes.len(), Cow::Owned(integers)))
        }
        List::Elements(count) => {
            let all = decoder.remaining();
            for _ in 0..count {
                decoder.skip().ok()?;
            }
            let end = all.len() - decoder.remaining().len();
            decoder.list_tail().ok()?;
            Some((count, Cow::Borrowed(&all[..end])))
        }
    }
}

#[cfg(test)]
mod tests {
    use nodex_testkit::peer::wire::list;

    use super::*;

    #[test]
    fn arguments_come_as_lists_and_as_strings() {
        assert_eq!(elements(b"\x6a"), Some((0, Cow::Borrowed(&[][..]))));
        assert_eq!(elements(b"\x6b\0\x02\x01\xff"), Some((2, Cow::Borrowed(&b"\x61\x01\x61\xff"[..]))));
        assert_eq!(elements(&list(&[b"\x61\x01", b"\x6a"])), Some((2, Cow::Borrowed(&b"\x61\x01\x6a"[..]))));
        assert_eq!(elements(b"\x6c\0\0\0\x01\x61\x01\x61\x02"), None);
        assert_eq!(elements(b"\x77\x01a"), None);
        assert_eq!(elements(b"\x6c\xff\xff\xff\xff\x61\x01"), None);
    }
}
