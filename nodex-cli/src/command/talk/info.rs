//! `nodex info`: what a node is, what it can do, what it has.

use std::process::ExitCode;

use nodex_core::{
    atom,
    protocol::Flags,
    term::{Atom, Term, TermRef},
};
use serde_json::json;

use crate::{
    client::Client,
    failure::Failure,
    options::Global,
    output::{Screen, Table, Untrusted, value},
    terms::shown,
};

/// Width of the column with the facts.
const WIDTH: usize = 88;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let client = Client::connect(&args.node, global).await?;
    let mut facts = vec![("node", Term::from(client.target())), ("creation", client.peer.creation().into())];
    let kind = match client.ask("erlang", "system_info", vec![atom!("otp_release").into()]).await {
        Some(release) => {
            facts.push(("otp_release", text(release)));
            if let Some(version) = client.ask("Elixir.System", "version", Vec::new()).await {
                facts.push(("elixir", version));
            }
            for (name, function) in [("processes", "process_count"), ("schedulers", "schedulers")] {
                let count = client.ask("erlang", "system_info", vec![Atom::from_static(function).into()]).await;
                facts.extend(count.map(|count| (name, count)));
            }
            "beam"
        }
        None => match client.ask("nodex", "info", Vec::new()).await {
            Some(info) if info.as_map().is_some() => {
                for name in ["nodex", "os_pid", "uptime", "connections"] {
                    facts.extend(info.get(Atom::from_static(name)).map(|fact| (name, fact.to_term())));
                }
                "nodex"
            }
            _ => "other",
        },
    };
    let names = client.registered().await;
    let functions = match kind {
        "nodex" => client.ask("nodex", "functions", Vec::new()).await,
        _ => None,
    };
    let flags = client.peer.flags();
    client.print_in_time(global);
    client.close().await;

    let screen = Screen::new(global.quiet);
    if global.json {
        return Ok(print_json(screen, global, kind, &facts, flags, names, functions.as_ref())?);
    }
    let words = |text: &str| screen.out.head(format!("{text:<12}"));
    screen.data(format_args!("{}{}", words("kind"), kind_in_words(kind)))?;
    for (name, fact) in &facts {
        let unit = if *name == "uptime" { " s" } else { "" };
        screen.data(format_args!("{}{}{unit}", words(&name.replace('_', " ")), plain(fact, global)))?;
    }
    for (line, text) in folded(flags.names().map(str::to_owned)).into_iter().enumerate() {
        screen.data(format_args!("{}{text}", words(if line == 0 { "both can" } else { "" })))?;
    }
    for (line, text) in folded(names.iter().flatten().map(ToString::to_string)).into_iter().enumerate() {
        screen.data(format_args!("{}{text}", words(if line == 0 { "it has" } else { "" })))?;
    }
    if let Some(functions) = functions.as_ref().and_then(Term::as_list) {
        screen.data("")?;
        let mut table = Table::new(&["process", "function", "about"]);
        for [service, name, arity, doc] in functions.iter().filter_map(entry) {
            let function = format!("{}/{}", plain(name, global), plain(arity, global));
            table.row([plain(service, global), function.into(), plain(doc, global)]);
        }
        table.print(screen)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the words with commas, on lines of no more than [`WIDTH`] characters unless a word is longer.
fn folded(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() + 2 <= WIDTH => {
                line.push_str(", ");
                line.push_str(&word);
            }
            Some(line) => {
                line.push(',');
                lines.push(word);
            }
            None => lines.push(word),
        }
    }
    lines
}

fn print_json(
    screen: Screen,
    global: &Global,
    kind: &str,
    facts: &[(&str, Term)],
    flags: Flags,
    names: Option<Vec<Untrusted>>,
    functions: Option<&Term>,
) -> std::io::Result<ExitCode> {
    let mut info = json!({
        "kind": kind, "flags": flags.names().collect::<Vec<_>>(), "flag_bits": flags.bits(), "names": names,
        "functions": functions.map(|functions| value(functions, global.syntax.into())),
    });
    for (name, fact) in facts {
        info[*name] = value(fact, global.syntax.into());
    }
    screen.json(info)?;
    Ok(ExitCode::SUCCESS)
}

fn kind_in_words(kind: &str) -> &str {
    match kind {
        "beam" => "an Erlang VM",
        "nodex" => "a Rust node",
        _ => "neither an Erlang VM nor a Rust node of this library, or one that does not tell",
    }
}

/// Service, name, arity and text of a function.
fn entry(term: TermRef<'_>) -> Option<[TermRef<'_>; 4]> {
    term.as_tuple()?.as_array()
}

/// Returns a list of characters as a binary.
fn text(term: Term) -> Term {
    match term.as_list().and_then(|list| list.as_bytes()) {
        Some(bytes) => Term::binary(bytes),
        None => term,
    }
}

/// Returns atoms and text without quotes, and other values as terms.
fn plain<'a>(term: impl Into<TermRef<'a>>, global: &Global) -> Untrusted {
    let term = term.into();
    match term.as_atom().or(term.as_str()) {
        Some(text) => Untrusted::new(text),
        _ => Untrusted::of(shown(term, global)),
    }
}
