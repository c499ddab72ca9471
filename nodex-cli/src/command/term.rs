//! `nodex term`: a term in both languages.

use std::process::ExitCode;

use nodex_core::{
    convert::term_to_binary,
    error::Chain,
    text::{Syntax, Text},
};
use serde_json::json;

use crate::{
    failure::{Code, Failure},
    options::Global,
    output::{Screen, value},
    terms::argument_for_node,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A term in Erlang or Elixir; - reads it from stdin
    #[arg(allow_negative_numbers = true)]
    term: String,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let term = argument_for_node(&args.term, global)?;
    let [elixir, erlang] = [Syntax::Elixir, Syntax::Erlang].map(|syntax| Text::of(&term).syntax(syntax));
    let bytes = term_to_binary(&term).map_err(|error| Failure::new(Code::BadTerm, Chain(&error)))?;
    let screen = Screen::new(global.quiet);
    if global.json {
        let value = value(&term, global.syntax.into());
        let [elixir, erlang] = [elixir, erlang].map(|text| text.to_string());
        screen.json(json!({ "elixir": elixir, "erlang": erlang, "bytes": bytes.len(), "value": value }))?;
        return Ok(ExitCode::SUCCESS);
    }
    screen.data(format_args!("{}  {elixir}", screen.out.head("elixir")))?;
    screen.data(format_args!("{}  {erlang}", screen.out.head("erlang")))?;
    screen.data(format_args!("{}   {}", screen.out.head("bytes"), bytes.len()))?;
    Ok(ExitCode::SUCCESS)
}
