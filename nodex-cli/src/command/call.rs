//! `nodex call`: a request and its reply.

use std::{process::ExitCode, time::Instant};

use nodex_core::{
    eetf,
    node::CallError,
    term::{Atom, Term},
};
use serde_json::json;

use super::term;
use crate::{
    cli::Global,
    client::{Client, call_failure},
    failure::{Code, Failure},
    output::{Screen, value},
};

/// So many names are told when the one that was asked for is not among them.
const LISTED: usize = 12;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
    /// The registered name of the process
    process: String,
    /// The request; - reads it from stdin
    #[arg(allow_negative_numbers = true)]
    term: String,
    /// Send the bare term and take the first message that comes back, as C nodes want it
    #[arg(long)]
    plain: bool,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let request = term::argument(&args.term, global)?;
    let name = term::atom(&args.process)?;
    let client = Client::connect(&args.node, global).await?;
    let target = client.target().clone();
    let to = (name.clone(), target.clone());
    let asked = Instant::now();
    let reply = match args.plain {
        true => client.node.request::<Term>(to, &request, client.left()).await,
        false => client.node.call::<Term>(to, &request, client.left()).await,
    };
    let took = asked.elapsed();
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            let failure = failure(&client, &name, &error, &args, global).await;
            client.close().await;
            return Err(failure);
        }
    };
    client.close().await;
    let screen = Screen::new(global.quiet);
    let shown = term::shown(&reply, global);
    if global.json {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let value = value(&reply, global.syntax.into());
        screen.json(
            json!({ "node": &*target, "name": &*name, "reply": shown, "value": value, "microseconds": micros }),
        )?;
    } else {
        screen.data(shown)?;
    }
    Ok(exit_code(&reply))
}

/// What a script wants to know of a reply.
pub(super) fn exit_code(reply: &Term) -> ExitCode {
    let Term::Tuple(tuple) = reply else { return ExitCode::SUCCESS };
    let atom = |term: &Term, name| matches!(term, Term::Atom(atom) if atom.name == name);
    match &tuple.elements[..] {
        [error, reason] if atom(error, "error") && atom(reason, "unknown_call") => ExitCode::from(Code::NoSuch as u8),
        [error, _] if atom(error, "error") => ExitCode::from(Code::PeerError as u8),
        _ => ExitCode::SUCCESS,
    }
}

async fn failure(client: &Client, name: &Atom, error: &CallError, args: &Args, global: &Global) -> Failure {
    let target = client.target();
    let failure = match error {
        CallError::NoProcess => Failure::new(Code::NoSuch, format!("no process named '{name}' on {target}")),
        _ => {
            let limit = CallError::Timeout { limit: global.timeout };
            let error = if matches!(error, CallError::Timeout { .. }) { &limit } else { error };
            call_failure(&format!("'{name}' on {target}"), error, global.syntax.into())
        }
    };
    match error {
        CallError::NoProcess => {
            let failure = match registered(client).await {
                Some(names) if names.len() > LISTED => {
                    let more = names.len() - LISTED;
                    failure.detail(format!("it has: {} and {more} more", names[..LISTED].join(", ")))
                }
                Some(names) => failure.detail(format!("it has: {}", names.join(", "))),
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

/// The names that can be called there, as far as it tells.
pub(super) async fn registered(client: &Client) -> Option<Vec<String>> {
    let name = |term: &Term| match term {
        Term::Atom(atom) => Some(atom.name.clone()),
        Term::Tuple(tuple) => match tuple.elements.first() {
            Some(Term::Atom(eetf::Atom { name })) if name != "nil" => Some(name.clone()),
            _ => None,
        },
        _ => None,
    };
    let names = match client.ask("erlang", "registered", Vec::new()).await {
        Some(names) => names,
        None => client.ask("nodex", "services", Vec::new()).await?,
    };
    let Term::List(names) = names else { return None };
    let mut names: Vec<_> = names.elements.iter().filter_map(name).collect();
    names.sort();
    Some(names)
}
