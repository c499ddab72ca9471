//! `nodex rpc`: a function of another node.

use std::{process::ExitCode, time::Instant};

use nodex_core::{
    node::CallError,
    term::{Atom, RawTerm},
};

use crate::{
    client::{Client, badrpc, call_failure},
    failure::{Code, Failure},
    options::Global,
    output::{Screen, Untrusted},
    terms::{Answer, AnswerJson, argument_for_node, atom, micros},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
    /// The module: lists, Enum. On a node of this library, the name of a service
    module: String,
    /// The function
    function: String,
    /// Its arguments, one term each
    #[arg(allow_negative_numbers = true)]
    arguments: Vec<String>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let arguments: Vec<_> =
        args.arguments.iter().map(|text| argument_for_node(text, global)).collect::<Result<_, _>>()?;
    let (module, function, arity) = (atom(&args.module)?, atom(&args.function)?, arguments.len());
    let client = Client::connect(&args.node, global).await?;
    let arguments = arguments.into_iter().map(|term| client.complete(term, global)).collect::<Result<Vec<_>, _>>()?;
    let (target, shown) = (client.target().clone(), client.shown());
    let asked = Instant::now();
    let result = client.rpc(&module, &function, arguments, client.left()).await;
    let took = asked.elapsed();
    client.print_in_time(global);
    client.close().await;

    let [module, function] = [&module, &function].map(|name| Untrusted::new(name.as_str()));
    let object = format!("{module}:{function}/{arity} on {shown}");
    let result = result.map_err(|error| match error {
        CallError::NoProcess => {
            Failure::new(Code::NoSuch, format!("{shown} takes no calls of functions: it has no process 'rex'"))
        }
        CallError::Timeout { .. } => {
            let limit = CallError::Timeout { limit: global.timeout };
            call_failure(&object, &limit, global.syntax.into()).hint("--timeout gives it more time")
        }
        error => call_failure(&object, &error, global.syntax.into()),
    })?;
    if let Some(reason) = badrpc(&result) {
        return Err(match is_undef(&reason) {
            true => Failure::new(Code::NoSuch, format!("there is no {object}")),
            false => {
                let reason = Answer::new(reason);
                Failure::new(Code::PeerError, format_args!("{object} failed: {}", reason.shown(global)))
            }
        });
    }
    let result = Answer::new(result);
    result.print(Screen::new(global.quiet), global, |result, value| AnswerJson {
        microseconds: micros(took),
        name: None,
        node: &target,
        reply: None,
        result: Some(result),
        value,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns `true` for `{'EXIT', {undef, _}}`.
fn is_undef(reason: &RawTerm) -> bool {
    let tagged = |term: &RawTerm, name: &str| {
        let (tag, inner) = term.decode::<(Atom, RawTerm)>().ok()?;
        (tag == name).then_some(inner)
    };
    tagged(reason, "EXIT").is_some_and(|inner| tagged(&inner, "undef").is_some())
}
