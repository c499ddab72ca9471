//! The options that every command has.

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, ValueEnum};
use nodex_core::term;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Print data only, nothing about what is going on
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log to stderr what the library does; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print data as JSON, and errors as JSON on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The file with the cookie, if neither NODEX_COOKIE nor RELEASE_COOKIE is set [default: ~/.erlang.cookie, then
    /// $XDG_CONFIG_HOME/erlang/.erlang.cookie]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) cookie_file: Option<PathBuf>,
    /// The name of this command among the nodes [default: one that the other node gives, or the first free of nodex-1,
    /// nodex-2, ..]
    #[arg(long, global = true)]
    pub(crate) name: Option<String>,
    /// Take the place of a node of the same name that is connected already; it loses its connection
    #[arg(long, global = true)]
    pub(crate) take_over: bool,
    /// How long to wait for an answer, as in 500ms, 5s, 2m
    #[arg(long, global = true, default_value = "5s", value_parser = duration)]
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

impl From<Syntax> for term::Syntax {
    fn from(syntax: Syntax) -> Self {
        match syntax {
            Syntax::Elixir => term::Syntax::Elixir,
            Syntax::Erlang => term::Syntax::Erlang,
        }
    }
}

/// A number with a unit: ms, s or m; seconds without one.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        _ => return Err("the unit is none of ms, s and m".to_owned()),
    };
    let number = digits.parse::<f64>().map_err(|_| "this is no number".to_owned())?;
    match Duration::try_from_secs_f64(number * unit) {
        Ok(duration) if !duration.is_zero() && duration <= LONGEST => Ok(duration),
        _ => Err("it has to be more than nothing and at most a day".to_owned()),
    }
}

const LONGEST: Duration = Duration::from_secs(24 * 3600);
