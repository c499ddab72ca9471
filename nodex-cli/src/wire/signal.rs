//! What nodes tell each other, with everything in it read.

use bytes::Bytes;
use nodex_core::{
    convert::{DecodeError, FromTerm},
    etf::Decoder,
    protocol::control::{Control, PidTerm, ProcTerm, Target, decode},
    term::{Atom, Pid, RawTerm, Reference, Term},
};

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    Pid(Pid),
    Name(Atom),
    Alias(Reference),
}

/// A control message and its payload.
#[derive(Debug)]
pub(crate) enum Signal {
    Message {
        from: Option<Pid>,
        to: To,
        term: RawTerm,
    },
    Monitor {
        from: Pid,
        to: To,
        reference: Reference,
    },
    MonitorExit {
        reference: Reference,
        reason: Term,
    },
    Link {
        from: Pid,
        to: Pid,
    },
    Unlink {
        id: Option<u64>,
        from: Pid,
        to: Pid,
    },
    Exit {
        from: Pid,
        to: To,
        reason: Term,
    },
    SpawnReply {
        id: Reference,
        result: To,
    },
    /// What nothing here depends on.
    Other,
    /// What nobody can understand, and why.
    Broken(String),
}

/// Reads a frame without its length.
pub(super) fn read(frame: &Bytes) -> Signal {
    let control = match decode(frame) {
        Ok((_, control)) => control,
        Err(error) => return Signal::Broken(error.to_string()),
    };
    signal(frame, &control).unwrap_or_else(|error| Signal::Broken(error.to_string()))
}

fn signal(frame: &Bytes, control: &Control<'_>) -> Result<Signal, DecodeError> {
    Ok(match *control {
        Control::Send { from, to, message, .. } => Signal::Message {
            from: from.map(PidTerm::to_pid).transpose()?,
            to: target(to)?,
            term: RawTerm::new(frame.slice_ref(message))?,
        },
        Control::Monitor { from, to, reference } => {
            Signal::Monitor { from: from.to_pid()?, to: process(to)?, reference: reference.to_reference()? }
        }
        Control::MonitorExit { reference, reason, .. } => {
            Signal::MonitorExit { reference: reference.to_reference()?, reason: term(reason)? }
        }
        Control::Link { from, to } => Signal::Link { from: from.to_pid()?, to: to.to_pid()? },
        Control::Unlink { id, from, to } => Signal::Unlink { id, from: from.to_pid()?, to: to.to_pid()? },
        Control::Exit { from, to, reason, .. } => {
            Signal::Exit { from: from.to_pid()?, to: To::Pid(to.to_pid()?), reason: term(reason)? }
        }
        Control::Exit2 { from, to, reason, .. } => {
            Signal::Exit { from: from.to_pid()?, to: target(to)?, reason: term(reason)? }
        }
        Control::SpawnReply { id, result, .. } => {
            Signal::SpawnReply { id: id.to_reference()?, result: process(result)? }
        }
        _ => Signal::Other,
    })
}

fn term(bytes: &[u8]) -> Result<Term, DecodeError> {
    <Term as FromTerm>::decode(&mut Decoder::new(bytes))
}

fn name(text: &str) -> Atom {
    // It comes from an atom.
    Atom::new(text).unwrap_or(nodex_core::atom!("?"))
}

fn process(process: ProcTerm<'_>) -> Result<To, DecodeError> {
    Ok(match process {
        ProcTerm::Pid(pid) => To::Pid(pid.to_pid()?),
        ProcTerm::Name(atom) => To::Name(name(atom.name()?.as_ref())),
    })
}

fn target(target: Target<'_>) -> Result<To, DecodeError> {
    Ok(match target {
        Target::Pid(pid) => To::Pid(pid.to_pid()?),
        Target::Name(atom) => To::Name(name(atom.name()?.as_ref())),
        Target::Alias(alias) => To::Alias(alias.to_reference()?),
    })
}
