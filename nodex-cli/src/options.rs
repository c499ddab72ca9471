//! The options that every command has.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, ValueEnum};
use nodex_core::{
    duration::{self, DurationError},
    text,
};

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Print data only, no progress
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log the library to stderr; repeat for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print data as JSON, and errors as JSON on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The file with the cookie, if neither NODEX_COOKIE nor RELEASE_COOKIE is set [default: ~/.erlang.cookie, then
    /// $XDG_CONFIG_HOME/erlang/.erlang.cookie]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cookie_file: Option<PathBuf>,
    /// The node name of this command [default: one that the other node assigns, or the first free of nodex-1, nodex-2,
    /// ..]
    #[arg(long, global = true)]
    pub(crate) name: Option<String>,
    /// Replace a connected node of the same name, which loses its connection
    #[arg(long, global = true)]
    pub(crate) take_over: bool,
    /// How long to wait for an answer, such as 500ms, 5s, 2m
    #[arg(long, global = true, default_value = "5s", value_parser = time)]
    pub(crate) timeout: Duration,
    /// The language of terms. Both are read; this one is written, and says whether "x" is a list (Erlang) or a binary
    #[arg(long, global = true, default_value = "elixir", env = "NODEX_SYNTAX", hide_env_values = true)]
    pub(crate) syntax: Syntax,
}

/// The language of terms.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Syntax {
    Elixir,
    Erlang,
}

impl From<Syntax> for text::Syntax {
    fn from(syntax: Syntax) -> Self {
        match syntax {
            Syntax::Elixir => text::Syntax::Elixir,
            Syntax::Erlang => text::Syntax::Erlang,
        }
    }
}

/// Why an option is not a valid time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeError {
    #[error(transparent)]
    Duration(#[from] DurationError),
    #[error("it has to be more than nothing")]
    Zero,
}

/// Reads a time limit: a duration other than zero.
pub(crate) fn time(text: &str) -> Result<Duration, TimeError> {
    match duration::parse(text)? {
        Duration::ZERO => Err(TimeError::Zero),
        time => Ok(time),
    }
}

/// Like [`time`], for an option whose name has the unit: a bare number is one of seconds.
pub(crate) fn seconds(text: &str) -> Result<Duration, TimeError> {
    match text.parse().map(|seconds: u32| Duration::from_secs(seconds.into())) {
        Ok(Duration::ZERO) => Err(TimeError::Zero),
        Ok(time) => Ok(time),
        Err(_) => time(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_are_not_nothing() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("0s"), Err(TimeError::Zero));
        assert_eq!(time("5").unwrap_err().to_string(), "\"5\" has no unit: write 5s for seconds (units: ms, s, m, h)");
        for text in ["", "s", "-1s", "0.5s", "1m 30s", "25h"] {
            assert!(matches!(time(text), Err(TimeError::Duration(_))), "{text}");
        }
        assert_eq!((seconds("5"), seconds("5s")), (Ok(Duration::from_secs(5)), Ok(Duration::from_secs(5))));
        assert_eq!((seconds("0"), seconds("0ms")), (Err(TimeError::Zero), Err(TimeError::Zero)));
        assert!(seconds("-5").is_err() && seconds("4294967296").is_err());
    }
}
