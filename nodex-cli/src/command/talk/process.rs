//! The process that a command sends to: one with a registered name, or that of a pid as the command prints it.

use std::fmt;

use nodex_core::{
    node::Destination,
    term::{Atom, Term},
};

use crate::{
    client::Client,
    failure::{Code, Failure},
    options::Global,
    output::Untrusted,
    terms::{argument_for_node, atom},
};

/// What was given; a pid is as it was shown, with or without the creation of its node.
#[derive(Debug)]
pub(crate) enum Process {
    Name(Atom),
    Pid { text: String, term: Term },
}

impl Process {
    pub(crate) fn read(text: &str, global: &Global) -> Result<Self, Failure> {
        match text.starts_with("#PID<") || text.starts_with('<') {
            true => Ok(Process::Pid { text: text.to_owned(), term: argument_for_node(text, global)? }),
            false => atom(text).map(Process::Name),
        }
    }

    pub(crate) fn name(&self) -> Option<&Atom> {
        match self {
            Process::Name(name) => Some(name),
            Process::Pid { .. } => None,
        }
    }

    /// Where that is on the node that the command is connected with.
    ///
    /// # Errors
    /// Returns an error when it is no pid, or one of another node.
    pub(crate) fn on(&self, client: &Client, global: &Global) -> Result<Destination, Failure> {
        let (text, term) = match self {
            Process::Name(name) => return Ok(client.peer.process(name)),
            Process::Pid { text, term } => (Untrusted::new(text), term),
        };
        let Some(pid) = client.complete(term.clone(), global)?.as_pid() else {
            return Err(Failure::new(Code::BadTerm, format!("{text} is no pid")));
        };
        if pid.node != *client.target() {
            let node = Untrusted::new(pid.node.as_str());
            let message = format!("{text} is a process of {node} and not of {}", client.shown());
            return Err(Failure::new(Code::NoSuch, message));
        }
        Ok(pid.into())
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Process::Name(name) => write!(f, "'{}'", Untrusted::new(name.as_str())),
            Process::Pid { text, .. } => write!(f, "{}", Untrusted::new(text)),
        }
    }
}
