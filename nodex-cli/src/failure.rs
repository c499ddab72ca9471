//! How a command fails: with a code that scripts can tell apart, words for people, and what to do next.

use std::{
    fmt::Display,
    io::{self, Write as _},
    process::ExitCode,
};

use nodex_core::{epmd::EpmdError, error::Chain, node::StartError};
use nodex_host::{CnodeError, SpawnError, UpError, cnode::Printed, process::LaunchError};

use serde_json::json;

use crate::output::{Screen, Untrusted, json_text};

/// Exit codes, the same for all commands. 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The peer answered, with an error or with something unexpected.
    PeerError = 1,
    /// What was asked for makes no sense: a path, a name, an option.
    Usage = 2,
    /// A node or epmd cannot be reached.
    NotReachable = 3,
    /// Refused: the cookie, a name that is in use, missing capabilities.
    Refused = 4,
    /// Nothing came in time.
    TimeOut = 5,
    /// No such process or function.
    NoSuch = 6,
    /// The input is not a term.
    BadTerm = 7,
    /// A node that was started here did not stay up.
    GaveUp = 8,
    /// Ended by Ctrl-C.
    Interrupted = 130,
}

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    /// Everything that it quotes, such as a name or an error from outside, is printed in this form.
    message: Untrusted,
    /// More lines, indented under the message.
    details: Vec<Untrusted>,
    hint: Option<Untrusted>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Display) -> Failure {
        Failure { code, message: Untrusted::of(message), details: Vec::new(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Display) -> Failure {
        Failure { hint: Some(Untrusted::of(hint)), ..self }
    }

    pub(crate) fn message(self, message: impl Display) -> Failure {
        Failure { message: Untrusted::of(message), ..self }
    }

    /// One more line under the message.
    pub(crate) fn detail(mut self, line: impl Display) -> Failure {
        self.details.push(Untrusted::of(line));
        self
    }

    fn printed(mut self, printed: Option<&Printed>) -> Failure {
        if let Some(printed) = printed.filter(|printed| printed.lines().count() > 1) {
            self.details.push("it printed:".into());
            self.details.extend(printed.lines().map(|line| Untrusted::of(format_args!("  {}: {line}", line.stream))));
        }
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Tells it on stderr, and returns the exit status.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        if json && !self.message.is_empty() {
            let Failure { code, message, details, hint } = &self;
            let error = json!({ "exit": *code as u8, "message": message, "details": details, "hint": hint });
            let _ = writeln!(io::stderr(), "{}", json_text(&json!({ "error": error })));
        } else if !self.message.is_empty() {
            let screen = Screen::new(false);
            screen.tell(format_args!("{} {}", screen.err.bad("error:"), self.message));
            for detail in &self.details {
                screen.tell(format_args!("  {detail}"));
            }
            if let Some(hint) = &self.hint {
                screen.tell(format_args!("  {} {hint}", screen.err.dim("hint:")));
            }
        }
        ExitCode::from(self.code as u8)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            // Whoever read our output has enough of it, as `head` does.
            io::ErrorKind::BrokenPipe => Failure::new(Code::PeerError, ""),
            _ => Failure::new(Code::PeerError, Chain(&error)),
        }
    }
}

impl From<UpError> for Failure {
    fn from(error: UpError) -> Failure {
        let message = format!("this program cannot become a node: {error}", error = Chain(&error));
        match error {
            UpError::HostNode(_) => Failure::new(Code::Usage, message),
            UpError::Cookie(_) | UpError::CookieSource(_) | UpError::GuessableCookie => {
                Failure::new(Code::Refused, message)
            }
            UpError::Start(StartError::Epmd(EpmdError::NameTaken { .. })) => Failure::new(Code::Refused, message)
                .hint("another node has this name: --name chooses another one; nodex names lists them"),
            UpError::EmbeddedEpmd { .. } | UpError::Epmd(_) => {
                Failure::new(Code::NotReachable, message).hint("ERL_EPMD_PORT chooses another port for epmd")
            }
            _ => Failure::new(Code::NotReachable, message),
        }
    }
}

impl From<SpawnError> for Failure {
    fn from(error: SpawnError) -> Failure {
        Failure::from(&error)
    }
}

impl From<&SpawnError> for Failure {
    fn from(error: &SpawnError) -> Failure {
        let code = match error {
            SpawnError::InactiveTimeout { .. } | SpawnError::StartTimeout { .. } => Code::TimeOut,
            SpawnError::NoConnection { .. } => Code::NotReachable,
            SpawnError::NameTaken { .. } => Code::Refused,
            SpawnError::UnexpectedExit { .. } | SpawnError::Output { .. } => Code::GaveUp,
            _ => Code::Usage,
        };
        let failure = Failure::new(code, Chain(&error)).printed(error.printed());
        match error {
            SpawnError::UnexpectedExit { .. } | SpawnError::InactiveTimeout { .. } => failure
                .hint("a node takes the arguments <sname> <hostname> <cookie> <tname> and prints \"<node> ready\""),
            SpawnError::Launch(LaunchError::NotFound { .. }) => {
                failure.hint("give the path of an executable; it is not looked up in PATH")
            }
            _ => failure,
        }
    }
}

impl From<CnodeError> for Failure {
    fn from(error: CnodeError) -> Failure {
        use nodex_core::node::CallError as Core;
        let code = match &error {
            CnodeError::Down { .. } => Code::GaveUp,
            CnodeError::Call { source: Core::Timeout { .. }, .. } => Code::TimeOut,
            CnodeError::Call { source: Core::NoProcess, .. } => Code::NoSuch,
            CnodeError::Call { source: Core::NoConnection | Core::Connect(_), .. } => Code::NotReachable,
            _ => Code::PeerError,
        };
        Failure::new(code, Chain(&error))
    }
}
