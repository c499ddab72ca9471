//! What another node has answered, and how it is printed.

use std::{
    fmt::{self, Display},
    io,
    process::ExitCode,
    time::Duration,
};

use nodex_core::term::{Atom, RawTerm, Term};
use nodex_core::text::Text;
use serde::{Serialize, Serializer};

use crate::{
    failure::Code,
    options::Global,
    output::{Json, Screen},
};

/// A term of another node. It is kept as it came, and printed piece by piece.
pub(crate) struct Answer {
    raw: RawTerm,
    /// Nothing if it takes too much memory as a dynamic term, or is nested too deep.
    term: Option<Term>,
}

impl Answer {
    pub(crate) fn new(raw: RawTerm) -> Answer {
        let term = raw.decode().ok();
        Answer { raw, term }
    }

    /// In the user's language. What is no dynamic term is written in Erlang.
    pub(crate) fn shown<'a>(&'a self, global: &Global) -> Shown<'a> {
        Shown(match &self.term {
            Some(term) => Text::of(term).syntax(global.syntax.into()),
            None => Text::of_bytes(self.raw.as_bytes()),
        })
    }

    /// Returns the nearest JSON, or nothing.
    pub(crate) fn json<'a>(&'a self, global: &Global) -> Option<Json<'a>> {
        self.term.as_ref().map(|term| Json::of(term, global.syntax.into()))
    }

    /// Prints it, or one object with `about` around it.
    pub(crate) fn print<'a>(
        &'a self,
        screen: Screen,
        global: &Global,
        about: impl FnOnce(Shown<'a>, Option<Json<'a>>) -> AnswerJson<'a>,
    ) -> io::Result<()> {
        match global.json {
            true => screen.json(about(self.shown(global), self.json(global))),
            false => screen.data(self.shown(global)),
        }
    }

    /// What a script wants to know of a reply.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let Ok((error, reason)) = self.raw.decode::<(Atom, RawTerm)>() else { return ExitCode::SUCCESS };
        if error != "error" {
            return ExitCode::SUCCESS;
        }
        match reason.decode::<Atom>() {
            Ok(reason) if reason == "unknown_call" => ExitCode::from(Code::NoSuch as u8),
            _ => ExitCode::from(Code::PeerError as u8),
        }
    }
}

/// The text of a term.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a>(Text<'a>);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An answer and how it was had.
#[derive(Serialize)]
pub(crate) struct AnswerJson<'a> {
    pub(crate) microseconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    pub(crate) node: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<Shown<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Shown<'a>>,
    pub(crate) value: Option<Json<'a>>,
}

/// Whole microseconds.
pub(crate) fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
