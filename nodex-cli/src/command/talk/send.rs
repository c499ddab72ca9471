//! `nodex send` and `nodex cast`: messages without a reply.

use std::process::ExitCode;

use super::process::Process;
use crate::{
    client::{Client, call_failure},
    failure::Failure,
    options::Global,
    terms::argument_for_node,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
    /// The registered name of the process, or its pid. Nothing tells whether it exists
    process: String,
    /// The message; - reads it from stdin
    #[arg(allow_negative_numbers = true)]
    term: String,
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `{'$gen_cast', Term}`.
    Cast,
    /// The term.
    Plain,
}

pub(crate) async fn run(args: Args, global: &Global, kind: Kind) -> Result<ExitCode, Failure> {
    let message = argument_for_node(&args.term, global)?;
    let process = Process::read(&args.process, global)?;
    let client = Client::connect(&args.node, global).await?;
    let message = client.complete(message, global)?;
    let object = format!("{process} on {}", client.shown());
    let to = process.on(&client, global)?;
    let sent = match kind {
        Kind::Cast => client.node.cast(to, &message).await,
        Kind::Plain => client.node.send(to, &message).await,
    };
    // Also waits until it is written.
    client.close().await;
    sent.map_err(|error| call_failure(&object, &error, global.syntax.into()))?;
    Ok(ExitCode::SUCCESS)
}
