//! How calls by rpc fail: the exceptions that `erpc` and `rpc` know, with the stack trace of a function that was applied.
//!
//! Follows `erpc.erl` (`execute_call/4`) and `rpc.erl` (the server `rex`).

use crate::{
    etf::{Encoder, tag},
    node::service::reply_sink::Failure,
    reply::ExceptionClass,
    term::RawTerm,
};

const UNDEF: &[u8] = b"\x77\x05undef";
const BADARG: &[u8] = b"\x77\x06badarg";
const ERROR: &[u8] = b"\x77\x05error";
pub(super) const EXIT: &[u8] = b"\x77\x04exit";
const THROW: &[u8] = b"\x77\x05throw";
const NOCATCH: &[u8] = b"\x77\x07nocatch";
pub(super) const BADRPC: &[u8] = b"\x77\x06badrpc";
pub(super) const EXIT_TAG: &[u8] = b"\x77\x04EXIT";
const ERROR_INFO: &[u8] = b"\x77\x0aerror_info";
const CAUSE: &[u8] = b"\x77\x05cause";
const ERLANG: &[u8] = b"\x77\x06erlang";
const APPLY: &[u8] = b"\x77\x05apply";

/// Module, function and arguments, encoded, for stack traces.
#[derive(Debug)]
pub(in crate::node) struct Applied {
    pub(in crate::node) module: RawTerm,
    pub(in crate::node) function: RawTerm,
    pub(in crate::node) arguments: RawTerm,
}

/// An exception that ends a call by rpc.
pub(super) struct Exception<'a> {
    pub(super) class: ExceptionClass,
    reason: Reason<'a>,
    /// The text of a bad argument, which stands in the stack trace.
    cause: Option<Vec<u8>>,
    function: &'a Applied,
}

enum Reason<'a> {
    Undef,
    BadApply,
    Owned(Encoder),
    Encoded(&'a Encoder),
}

impl<'a> Exception<'a> {
    pub(super) fn new(failure: &Failure<'a>, function: &'a Applied) -> Self {
        let (class, reason, cause) = match *failure {
            Failure::Undef => (ExceptionClass::Error, Reason::Undef, None),
            Failure::BadApply => (ExceptionClass::Error, Reason::BadApply, None),
            Failure::Rejected(rejection) => {
                let (reason, cause) = rejection.exception();
                (ExceptionClass::Error, Reason::Owned(reason), cause)
            }
            Failure::Raised(class, reason) => (class, Reason::Encoded(reason), None),
        };
        Exception { class, reason, cause, function }
    }

    /// The reason alone.
    pub(super) fn reason(&self, out: &mut Encoder) {
        match &self.reason {
            Reason::Undef => out.put_slice(UNDEF),
            Reason::BadApply => out.put_slice(BADARG),
            Reason::Owned(reason) => out.append(reason),
            Reason::Encoded(reason) => out.append(reason),
        }
    }

    /// `{Result, error, Reason, Stack}`, `{Result, exit, Reason}` or `{Result, throw, Value}`, as `erpc` knows it.
    pub(super) fn as_result(&self, result: &RawTerm, out: &mut Encoder) {
        let (name, arity) = match self.class {
            ExceptionClass::Error => (ERROR, 4),
            ExceptionClass::Exit => (EXIT, 3),
            ExceptionClass::Throw => (THROW, 3),
        };
        tuple(out, arity);
        out.put_raw(result);
        out.put_slice(name);
        self.reason(out);
        if self.class == ExceptionClass::Error {
            self.stack(out);
        }
    }

    /// The exit reason of a process that nothing catches it in: `{Reason, Stack}`, `Reason`, or `{{nocatch, Value}, Stack}`.
    pub(super) fn as_reason(&self, out: &mut Encoder) {
        match self.class {
            ExceptionClass::Error => {
                tuple(out, 2);
                self.reason(out);
                self.stack(out);
            }
            ExceptionClass::Exit => self.reason(out),
            ExceptionClass::Throw => {
                tuple(out, 2);
                tuple(out, 2);
                out.put_slice(NOCATCH);
                self.reason(out);
                self.stack(out);
            }
        }
    }

    /// `{badrpc, {'EXIT', {Reason, Stack}}}`, `{badrpc, {'EXIT', Reason}}`, or the value that was thrown, as `rex` answers.
    pub(super) fn as_bad_rpc(&self, out: &mut Encoder) {
        if self.class != ExceptionClass::Throw {
            tuple(out, 2);
            out.put_slice(BADRPC);
            tuple(out, 2);
            out.put_slice(EXIT_TAG);
        }
        if self.class == ExceptionClass::Error {
            tuple(out, 2);
        }
        self.reason(out);
        if self.class == ExceptionClass::Error {
            self.stack(out);
        }
    }

    /// `[{Module, Function, Arguments, []}]`, with `[{error_info, #{cause => Cause}}]` in place of the empty list if there is
    /// a cause. Of what cannot be applied it is `[{erlang, apply, [Module, Function, Arguments], []}]`.
    fn stack(&self, out: &mut Encoder) {
        let Applied { module, function, arguments } = self.function;
        let applied = [module, function, arguments];
        out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 1]);
        tuple(out, 4);
        if let Reason::BadApply = self.reason {
            out.put_slice(ERLANG);
            out.put_slice(APPLY);
            out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 3]);
            applied.into_iter().for_each(|term| out.put_raw(term));
            out.put_slice(&[tag::NIL_EXT; 3]);
            return;
        }
        applied.into_iter().for_each(|term| out.put_raw(term));
        if let Some(cause) = &self.cause {
            out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 1]);
            tuple(out, 2);
            out.put_slice(ERROR_INFO);
            out.put_slice(&[tag::MAP_EXT, 0, 0, 0, 1]);
            out.put_slice(CAUSE);
            out.put_slice(cause);
        }
        out.put_slice(&[tag::NIL_EXT; 2]);
    }
}

fn tuple(out: &mut Encoder, arity: u8) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, arity]);
}
