//! What is checked: the executable, how it is started, and what it can be asked.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use nodex_core::term::{Atom, Term};

use super::instance::Start;

/// The host part of the names of all nodes here.
pub(super) const HOST: &str = "127.0.0.1";

/// How the executable is told its name, and who connects to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Protocol {
    /// `<sname> <hostname> <cookie> <tname>`; it connects to the host and prints `<node> ready`
    Nodex,
    /// `<hostname> <sname> <node> <creation>`, the cookie in BUNDLEX_ERLANG_COOKIE; it listens and prints `ready`
    Bundlex,
    /// The arguments after --, in which {sname} {hostname} {node} {cookie} {tname} and {host} are filled in
    Plain,
}

/// The executable and its ways.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) program: PathBuf,
    pub(super) protocol: Protocol,
    /// What stands on the command line: before the arguments of the protocol, or alone if it is `Plain`.
    pub(super) args: Vec<OsString>,
    pub(super) ready_line: Option<String>,
    pub(super) ready_timeout: Duration,
    pub(super) to: Atom,
    /// Whoever checks has named it.
    pub(super) to_is_told: bool,
    pub(super) call: Call,
    pub(super) busy: Option<Term>,
    /// How long an answer, or the end, may take.
    pub(super) wait: Duration,
}

/// A call that the node can answer.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// `{ping, Anything}` gives `{pong, Anything}`.
    Echo,
    /// This term gives some answer that is no error.
    Term(Term),
}

/// The names in one start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) sname: &'a str,
    pub(super) cookie: &'a str,
    /// The part of the host's name before the `@`.
    pub(super) tname: &'a str,
    pub(super) epmd_port: u16,
}

impl Names<'_> {
    pub(super) fn node(self) -> String {
        format!("{}@{HOST}", self.sname)
    }
}

impl Subject {
    /// Returns a start with these names.
    pub(super) fn start(&self, names: Names<'_>) -> Start {
        let node = names.node();
        let mut env = vec![("ERL_EPMD_PORT".to_owned(), names.epmd_port.to_string())];
        let protocol_args: Vec<OsString> = match self.protocol {
            Protocol::Nodex => [names.sname, HOST, names.cookie, names.tname].map(OsString::from).into(),
            Protocol::Bundlex => {
                env.push(("BUNDLEX_ERLANG_COOKIE".to_owned(), names.cookie.to_owned()));
                [HOST, names.sname, &node, "7"].map(OsString::from).into()
            }
            Protocol::Plain => Vec::new(),
        };
        let own = self.args.iter().map(|arg| match (self.protocol, arg.to_str()) {
            (Protocol::Plain, Some(text)) => OsString::from(filled_in(text, names)),
            _ => arg.clone(),
        });
        Start { program: self.program.clone(), args: own.chain(protocol_args).collect(), env }
    }

    /// Returns the line by which the node of this name says that it is ready; `None` if nothing that it prints does.
    pub(super) fn ready_line(&self, node: &str) -> Option<String> {
        self.ready_line.clone().or(match self.protocol {
            Protocol::Nodex => Some(format!("{node} ready")),
            Protocol::Bundlex => Some("ready".to_owned()),
            Protocol::Plain => None,
        })
    }

    /// Returns the arguments alone, for starts that are not to work.
    pub(super) fn bare_start(&self, args: &[&str]) -> Start {
        let args = self.args.iter().cloned().chain(args.iter().map(OsString::from)).collect();
        Start { program: self.program.clone(), args, env: Vec::new() }
    }
}

fn filled_in(text: &str, names: Names<'_>) -> String {
    let node = names.node();
    let host = format!("{}@{HOST}", names.tname);
    [
        ("{sname}", names.sname),
        ("{hostname}", HOST),
        ("{node}", &node),
        ("{cookie}", names.cookie),
        ("{tname}", names.tname),
        ("{host}", &host),
    ]
    .iter()
    .fold(text.to_owned(), |text, (what, value)| text.replace(what, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in() {
        let names = Names { sname: "a", cookie: "c", tname: "t", epmd_port: 1 };
        assert_eq!(filled_in("-name={node} {sname}{cookie} {host} {x}", names), "-name=a@127.0.0.1 ac t@127.0.0.1 {x}");
    }
}
