//! A conversation with the node that is checked, message by message, as a BEAM would have it.

use std::time::Duration;

use bytes::Bytes;
use nodex_core::{
    atom,
    convert::{IntoTerm, term_to_binary},
    error::Chain,
    etf::EncodeError,
    net::raw::Connection,
    protocol::{Flags, control::frame},
    term::{Atom, Pid, RawTerm, Reference, Term},
    text::{Syntax, Text},
};
use tokio::time::{Instant, timeout_at};

use super::subject::{Call, Subject};
use crate::{
    output,
    raw::{Heard, Signal, To, ended, write},
};

/// The connection, and the processes on this side of it.
pub(super) struct Session {
    pub(super) connection: Connection,
    /// Our own name and incarnation.
    own: (Atom, u32),
    /// The node that is checked.
    pub(super) node: Atom,
    next: u32,
    /// Ticks that came.
    pub(super) ticks: u32,
}

/// Why what was waited for did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing came in this time.
    Nothing(Duration),
    /// The connection is gone.
    Gone(String),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Silence::Nothing(limit) => write!(f, "no reply in {}", output::limit(*limit)),
            Silence::Gone(why) => f.write_str(why),
        }
    }
}

impl From<std::io::Error> for Silence {
    fn from(error: std::io::Error) -> Silence {
        Silence::Gone(format!("the connection is gone: {error}", error = Chain(&error)))
    }
}

impl From<EncodeError> for Silence {
    fn from(error: EncodeError) -> Silence {
        Silence::Gone(format!("this cannot be sent: {error}", error = Chain(&error)))
    }
}

impl Session {
    /// The checks concern ticks, so these are sent and answered explicitly.
    pub(super) fn new(mut connection: Connection, name: &str, creation: u32) -> Session {
        connection.set_ticks(false);
        let atom = |name: &str| Atom::new(name).unwrap_or(atom!("nonode@nohost"));
        let node = atom(&connection.peer().name);
        Session { connection, own: (atom(name), creation), node, next: 100, ticks: 0 }
    }

    /// Returns a process of ours that has never been heard of.
    pub(super) fn pid(&mut self) -> Pid {
        self.next += 1;
        Pid { node: self.own.0.clone(), id: self.next, serial: 0, creation: self.own.1 }
    }

    /// Returns a reference that has never been used.
    pub(super) fn reference(&mut self) -> Reference {
        self.next += 1;
        let words = [self.next, 0, 0];
        Reference::new(self.own.0.clone(), self.own.1, &words).expect("three words are allowed")
    }

    pub(super) fn can(&self, flags: Flags) -> bool {
        self.connection.peer().negotiated.contains(flags)
    }

    /// Returns a message to a registered name.
    pub(super) fn message(&self, from: &Pid, to: &Atom, message: &[u8]) -> Result<Vec<u8>, EncodeError> {
        frame(&(6_u8, from, atom!(""), to), Some(message))
    }

    /// Sends a message to a registered name.
    pub(super) async fn send(&mut self, from: &Pid, to: &Atom, message: &[u8]) -> Result<(), Silence> {
        let frame = self.message(from, to, message)?;
        self.write(&frame).await
    }

    /// Sends a control message without payload.
    pub(super) async fn control(&mut self, control: &impl IntoTerm) -> Result<(), Silence> {
        self.write(&frame(control, None)?).await
    }

    /// Sends whole frames.
    pub(super) async fn write(&self, frames: &[u8]) -> Result<(), Silence> {
        Ok(write(self.connection.writer(), frames).await?)
    }

    /// What comes next; `None` when nothing came until `deadline`.
    ///
    /// # Errors
    /// Why nothing can come any more.
    pub(super) async fn next_by(&mut self, deadline: Instant) -> Result<Option<Heard>, String> {
        match timeout_at(deadline, self.connection.next()).await {
            Ok(Ok(incoming)) => Ok(Some(incoming.into())),
            Ok(Err(end)) => Err(ended(&end)),
            Err(_) => Ok(None),
        }
    }

    /// Returns the first signal that `wanted` takes.
    pub(super) async fn until<T>(
        &mut self,
        limit: Duration,
        mut wanted: impl FnMut(Signal) -> Option<T>,
    ) -> Result<T, Silence> {
        let deadline = Instant::now() + limit;
        loop {
            match self.next_by(deadline).await {
                Ok(None) => return Err(Silence::Nothing(limit)),
                Ok(Some(Heard::Tick)) => self.ticks += 1,
                Ok(Some(Heard::Signal(signal))) => {
                    if let Some(found) = wanted(signal) {
                        return Ok(found);
                    }
                }
                Err(why) => return Err(Silence::Gone(why)),
            }
        }
    }

    /// Returns the next message to this process.
    pub(super) async fn message_to(&mut self, pid: &Pid, limit: Duration) -> Result<RawTerm, Silence> {
        self.until(limit, |signal| match signal {
            Signal::Message { to: To::Pid(to), term, .. } if to == *pid => Some(term),
            _ => None,
        })
        .await
    }

    /// Waits for a tick.
    pub(super) async fn tick(&mut self, limit: Duration) -> Result<(), Silence> {
        let deadline = Instant::now() + limit;
        loop {
            match self.next_by(deadline).await {
                Ok(None) => return Err(Silence::Nothing(limit)),
                Ok(Some(Heard::Tick)) => {
                    self.ticks += 1;
                    return Ok(());
                }
                Ok(Some(Heard::Signal(_))) => {}
                Err(why) => return Err(Silence::Gone(why)),
            }
        }
    }

    /// Asks by a plain message, and returns the plain reply.
    pub(super) async fn ask(&mut self, to: &Atom, message: &[u8], limit: Duration) -> Result<RawTerm, Silence> {
        let pid = self.pid();
        self.send(&pid, to, message).await?;
        self.message_to(&pid, limit).await
    }

    /// Whether the node still answers the call that it knows.
    pub(super) async fn answers(&mut self, subject: &Subject) -> Result<(), Silence> {
        let question = subject.call.question(77)?;
        let reply = self.ask(&subject.to, &term_to_binary(&question)?, subject.wait).await?;
        match subject.call.is_answer(&reply, 77) {
            true => Ok(()),
            false => Err(Silence::Gone(format!("it answers {}", shown(&reply)))),
        }
    }
}

impl Call {
    /// Returns the question with this number.
    pub(super) fn question(&self, number: u32) -> Result<RawTerm, EncodeError> {
        match self {
            Call::Echo => RawTerm::from_value(&(atom!("ping"), number)),
            Call::Term(term) => RawTerm::from_value(term),
        }
    }

    /// Returns whether this is an answer to the question with this number.
    pub(super) fn is_answer(&self, reply: &RawTerm, number: u32) -> bool {
        match self {
            Call::Echo => reply.decode::<(Atom, u32)>().is_ok_and(|(pong, echo)| pong == "pong" && echo == number),
            Call::Term(_) => !is_unknown_call(reply),
        }
    }

    /// A message with much data in it, and the reply to it if it can be known.
    pub(super) fn big(&self, bytes: usize) -> Result<(Vec<u8>, Option<Bytes>), EncodeError> {
        let data = Bytes::from(vec![b'x'; bytes]);
        match self {
            Call::Echo => Ok((term_to_binary(&(atom!("ping"), &data))?, Some(data))),
            Call::Term(_) => Ok((term_to_binary(&(atom!("nodex_check"), &data))?, None)),
        }
    }
}

pub(super) fn is_unknown_call(reply: &RawTerm) -> bool {
    reply.decode::<(Atom, Atom)>().is_ok_and(|(error, reason)| error == "error" && reason == "unknown_call")
}

/// Returns a reply, as short as a line takes it.
pub(super) fn shown(reply: &RawTerm) -> String {
    reply.decode::<Term>().map_or_else(|error| Chain(&error).to_string(), |term| in_elixir(&term))
}

pub(super) fn in_elixir(term: &Term) -> String {
    const READABLE: usize = 60;
    Text::of(term).syntax(Syntax::Elixir).max_len(READABLE).to_string()
}
