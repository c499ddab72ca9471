//! What nodes tell each other, with everything in it read.

use std::{io, time::Duration};

use bytes::Bytes;
use nodex_core::{
    convert::{DecodeError, FromTerm},
    error::Chain,
    etf::Decoder,
    net::{
        LinkEnd,
        raw::{Frame, Incoming, Writer},
    },
    protocol::control::{Control, PidTerm, ProcTerm, Target},
    term::{Atom, Pid, RawTerm, Reference, Term},
};

/// Shorter messages are copied out of what was read together with them, so that they do not keep all of it.
const SHORT: usize = 64 << 10;

/// How long a peer that does not read may delay output.
const STUCK: Duration = Duration::from_secs(30);

/// What came over a connection.
#[derive(Debug)]
pub(crate) enum Heard {
    Tick,
    Signal(Signal),
}

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

impl From<Incoming> for Heard {
    fn from(incoming: Incoming) -> Heard {
        Heard::Signal(match incoming {
            Incoming::Tick => return Heard::Tick,
            Incoming::Frame(frame) => read(&frame),
            Incoming::TooLong { length, .. } => {
                Signal::Broken(format!("a message of {length} bytes is over the limit"))
            }
            _ => Signal::Other,
        })
    }
}

/// Why nothing comes over a connection any more, as the end of a sentence about the peer.
pub(crate) fn ended(end: &LinkEnd) -> String {
    match end {
        LinkEnd::Closed => "it closed the connection".to_owned(),
        LinkEnd::Protocol(why) => format!("it broke the protocol: {}", Chain(why)),
        end => Chain(&end).to_string(),
    }
}

/// Writes whole frames.
///
/// # Errors
/// Returns an error when the connection is gone or stuck.
pub(crate) async fn write(writer: &Writer, frames: &[u8]) -> io::Result<()> {
    let written = tokio::time::timeout(STUCK, writer.send(frames));
    written.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn read(frame: &Frame) -> Signal {
    let control = match frame.control() {
        Ok((_, control)) => control,
        Err(error) => return Signal::Broken(Chain(&error).to_string()),
    };
    signal(frame, &control).unwrap_or_else(|error| Signal::Broken(Chain(&error).to_string()))
}

fn signal(frame: &Frame, control: &Control<'_>) -> Result<Signal, DecodeError> {
    Ok(match *control {
        Control::Send { from, to, message, .. } => Signal::Message {
            from: from.map(PidTerm::to_pid).transpose()?,
            to: target(to)?,
            term: RawTerm::new(payload(frame, message))?,
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

fn payload(frame: &Frame, message: &[u8]) -> Bytes {
    if message.len() < SHORT { Bytes::copy_from_slice(message) } else { frame.share(message) }
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
