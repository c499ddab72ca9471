//! `nodex rpc`: a function of another node.

use std::{process::ExitCode, time::Instant};

use nodex_core::{node::CallError, term::Term};
use serde_json::json;

use super::term;
use crate::{
    cli::Global,
    client::{Client, badrpc, call_failure},
    failure::{Code, Failure},
    output::{Screen, value},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
    /// The module: lists, Enum. On a node of this library, the name of a service
    module: String,
    /// The function
    function: String,
    /// Its arguments, a term each
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let arguments: Vec<_> = args.arguments.iter().map(|text| term::argument(text, global)).collect::<Result<_, _>>()?;
    let (module, function, arity) = (term::atom(&args.module)?, term::atom(&args.function)?, arguments.len());
    let client = Client::connect(&args.node, global).await?;
    let target = client.target().clone();
    let asked = Instant::now();
    let result = client.rpc(&module, &function, arguments, client.left()).await;
    let took = asked.elapsed();
    client.close().await;

    let object = format!("{module}:{function}/{arity} on {target}");
    let result = result.map_err(|error| match error {
        CallError::NoProcess => {
            Failure::new(Code::NoSuch, format!("{target} takes no calls of functions: it has no process 'rex'"))
        }
        CallError::Timeout { .. } => {
            let limit = CallError::Timeout { limit: global.timeout };
            call_failure(&object, &limit, global.syntax.into()).hint("--timeout gives it more time")
        }
        error => call_failure(&object, &error, global.syntax.into()),
    })?;
    if let Some(reason) = badrpc(&result) {
        return Err(match is_undef(reason) {
            true => Failure::new(Code::NoSuch, format!("there is no {object}")),
            false => Failure::new(Code::PeerError, format!("{object} failed: {}", term::shown(reason, global))),
        });
    }
    let screen = Screen::new(global.quiet);
    let shown = term::shown(&result, global);
    if global.json {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let value = value(&result, global.syntax.into());
        screen.json(json!({ "node": &*target, "result": shown, "value": value, "microseconds": micros }))?;
    } else {
        screen.data(shown)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// True for `{'EXIT', {undef, _}}`.
fn is_undef(reason: &Term) -> bool {
    let tagged = |term: &Term, name: &str| match term {
        Term::Tuple(tuple) => match &tuple.elements[..] {
            [Term::Atom(tag), inner] if tag.name == name => Some(inner.clone()),
            _ => None,
        },
        _ => None,
    };
    tagged(reason, "EXIT").is_some_and(|inner| tagged(&inner, "undef").is_some())
}
