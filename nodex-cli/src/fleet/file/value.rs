//! The kinds of values in a fleet file that TOML has not.

use std::{fmt, time::Duration};

use nodex_core::{
    duration,
    error::Chain,
    term::{Atom, Term},
    text::{Syntax, parse},
};
use nodex_host::process::StopSignal;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// A duration: `"5s"`, `"500ms"`, `"2m"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Duration);

/// A number of seconds, since the key says so, or a duration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) Duration);

struct TimeVisitor {
    numbers: bool,
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(TimeVisitor { numbers: false }).map(Time)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(TimeVisitor { numbers: true }).map(Seconds)
    }
}

impl Visitor<'_> for TimeVisitor {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.numbers {
            "a number of seconds, or a duration"
        } else {
            "a duration as text with a unit"
        })?;
        f.write_str(", such as \"500ms\", \"5s\" or \"2m\"")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Duration, E> {
        match u32::try_from(number) {
            Ok(seconds) if self.numbers => Ok(Duration::from_secs(seconds.into())),
            _ if self.numbers => Err(E::invalid_value(Unexpected::Signed(number), &self)),
            _ => self.visit_str(&number.to_string()),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        duration::parse(text).map_err(E::custom)
    }
}

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Part(pub(crate) f64);

impl TryFrom<f64> for Part {
    type Error = String;

    fn try_from(number: f64) -> Result<Part, String> {
        match number {
            0.0..=1.0 => Ok(Part(number)),
            _ => Err(format!("{number} is no number from 0.0 to 1.0")),
        }
    }
}

/// The name of a node and of its log file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(pub(crate) String);

/// Longer names do not fit a file name or a node name.
const LONGEST_NAME: usize = 100;

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Name, String> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        match name.chars().all(good) && !name.is_empty() && !name.starts_with('-') && name.len() <= LONGEST_NAME {
            true => Ok(Name(name)),
            false => Err(format!(
                "{name:?} cannot be a name: it takes 1 to {LONGEST_NAME} letters, digits, _ and -, without the @ and the host"
            )),
        }
    }
}

/// The name of a signal.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Signal(pub(crate) StopSignal);

impl TryFrom<String> for Signal {
    type Error = String;

    fn try_from(name: String) -> Result<Signal, String> {
        name.parse().map(Signal).map_err(|error: nodex_host::process::UnknownStopSignal| Chain(&error).to_string())
    }
}

/// A term, in Erlang or Elixir.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Message(pub(crate) Term);

impl TryFrom<String> for Message {
    type Error = String;

    fn try_from(text: String) -> Result<Message, String> {
        parse(&text, Syntax::Elixir).map(Message).map_err(|error| format!("{text:?} is no term: {}", error.problem))
    }
}

/// An atom.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AtomName(pub(crate) Atom);

impl TryFrom<String> for AtomName {
    type Error = String;

    fn try_from(name: String) -> Result<AtomName, String> {
        Atom::new(&name).map(AtomName).map_err(|error| Chain(&error).to_string())
    }
}

/// How many nodes of a kind.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Count(pub(crate) u32);

/// More of them are a mistake.
const LARGEST_COUNT: u32 = 1000;

impl TryFrom<i64> for Count {
    type Error = String;

    fn try_from(number: i64) -> Result<Count, String> {
        match u32::try_from(number) {
            Ok(count @ 1..=LARGEST_COUNT) => Ok(Count(count)),
            _ => Err(format!("{number} is no number of nodes from 1 to {LARGEST_COUNT}")),
        }
    }
}
