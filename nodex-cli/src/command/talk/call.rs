//! `nodex call`: a request and its reply.

use std::{process::ExitCode, time::Instant};

use nodex_core::{
    node::CallError,
    term::{Atom, RawTerm},
};

use super::process::Process;
use crate::{
    client::{Client, call_failure},
    failure::{Code, Failure},
    options::Global,
    output::{Screen, listing},
    terms::{Answer, AnswerJson, argument_for_node, micros},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
    /// The registered name of the process, or its pid
    process: String,
    /// The request; - reads it from stdin
    #[arg(allow_negative_numbers = true)]
    term: String,
    /// Send the bare term and take the first message that comes back, which suits C nodes
    #[arg(long)]
    plain: bool,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let request = argument_for_node(&args.term, global)?;
    let process = Process::read(&args.process, global)?;
    let client = Client::connect(&args.node, global).await?;
    let request = client.complete(request, global)?;
    let target = client.target().clone();
    let to = process.on(&client, global)?;
    let asked = Instant::now();
    let reply = match args.plain {
        true => client.node.request::<RawTerm>(to, &request, client.left()).await,
        false => client.node.call::<RawTerm>(to, &request, client.left()).await,
    };
    let took = asked.elapsed();
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            let failure = failure(&client, &process, &error, &args, global).await;
            client.close().await;
            return Err(failure);
        }
    };
    client.print_in_time(global);
    client.close().await;
    let reply = Answer::new(reply);
    reply.print(Screen::new(global.quiet), global, |reply, value| AnswerJson {
        microseconds: micros(took),
        name: process.name().map(Atom::as_str),
        node: &target,
        reply: Some(reply),
        result: None,
        value,
    })?;
    Ok(reply.exit_code())
}

async fn failure(client: &Client, process: &Process, error: &CallError, args: &Args, global: &Global) -> Failure {
    let target = client.shown();
    let failure = match error {
        CallError::NoProcess => {
            let named = if process.name().is_some() { "named " } else { "" };
            Failure::new(Code::NoSuch, format!("no process {named}{process} on {target}"))
        }
        _ => {
            let limit = CallError::Timeout { limit: global.timeout };
            let error = if matches!(error, CallError::Timeout { .. }) { &limit } else { error };
            call_failure(&format!("{process} on {target}"), error, global.syntax.into())
        }
    };
    match error {
        CallError::NoProcess if process.name().is_some() => {
            let failure = match client.registered().await {
                Some(names) => failure.detail(format!("it has: {}", listing(names.iter()))),
                None => failure,
            };
            failure.hint(format!("nodex info {}", args.node))
        }
        CallError::Timeout { .. } if !args.plain => {
            failure.hint("--timeout gives it more time; a C node may answer to --plain only")
        }
        CallError::Timeout { .. } => {
            failure.hint("--timeout gives it more time; without --plain a missing process is told")
        }
        _ => failure,
    }
}
