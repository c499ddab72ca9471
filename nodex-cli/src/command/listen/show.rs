//! What is shown of what has come.

use std::{io, time::Instant};

use nodex_core::{
    eetf,
    term::{RawTerm, Term, Text},
};
use serde_json::{Value, json};

use super::connection::Event;
use crate::{
    cli::Global,
    command::term,
    output::{Screen, grouped, value},
    wire::To,
};

/// So many bytes of a term are shown to people; JSON has all of it.
const READABLE: usize = 4096;

/// A longer term is not even looked at for people.
const LONG: usize = 1 << 20;

/// Shows an event; true if it counts as a message.
pub(super) fn event(screen: Screen, global: &Global, all: bool, started: Instant, event: &Event) -> io::Result<bool> {
    let mark = |sign: &'static str| screen.err.dim(sign);
    match event {
        Event::Up { node } => screen.talk(format_args!("{} {node} has connected", mark("+"))),
        Event::Down { node, why } => screen.talk(format_args!("{} {node} is gone: {why}", mark("-"))),
        Event::Refused { why } => screen.talk(format_args!("{} somebody was not let in: {why}", screen.err.bad("!"))),
        Event::Broken { node, why } => {
            screen.talk(format_args!("{} {node} sent what nobody can read: {why}", screen.err.bad("!")));
        }
        Event::Message { kind, from, to, term } => {
            let from = from.as_ref().map(|from| pid(from, global));
            row(screen, global, started, kind, from.as_deref(), to, What::Message(term))?;
            return Ok(true);
        }
        Event::Signal { kind, from, to, about } if all => {
            row(screen, global, started, kind, Some(&pid(from, global)), to, What::About(about))?;
        }
        Event::Signal { .. } => {}
    }
    Ok(false)
}

fn row(
    screen: Screen,
    global: &Global,
    started: Instant,
    kind: &str,
    from: Option<&str>,
    to: &To,
    what: What<'_>,
) -> io::Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let to = match to {
        To::Name(name) => name.to_string(),
        To::Pid(to) => pid(to, global),
        To::Alias(alias) => term::shown(&eetf::Reference::from(alias.clone()).into(), global),
    };
    if global.json {
        let (text, value) = match what {
            What::About(about) => (about.to_owned(), Value::Null),
            What::Message(term) => match term.decode::<Term>() {
                Ok(decoded) => (term::shown(&decoded, global), value(&decoded, global.syntax.into())),
                Err(_) => (term.to_string(), Value::Null),
            },
        };
        let seconds = (seconds * 1e6).round() / 1e6;
        return screen
            .json(json!({ "seconds": seconds, "kind": kind, "to": to, "from": from, "term": text, "value": value }));
    }
    let text = match what {
        What::About(about) => about.to_owned(),
        What::Message(term) if term.as_bytes().len() > LONG => {
            format!("a term of {} bytes", grouped(term.as_bytes().len() as u64))
        }
        What::Message(term) => match term.decode::<Term>() {
            Ok(decoded) => Text::of(&decoded).syntax(global.syntax.into()).max_len(READABLE).to_string(),
            Err(_) => Text::of_bytes(term.as_bytes()).max_len(READABLE).to_string(),
        },
    };
    let out = screen.out;
    screen.data(format_args!(
        "{}  {}  {to:<12}  {:<28}  {text}",
        out.dim(format!("{seconds:>9.3} s")),
        out.head(format!("{kind:<7}")),
        from.unwrap_or("nobody"),
    ))
}

/// What a row is about.
enum What<'a> {
    Message(&'a RawTerm),
    About(&'a str),
}

fn pid(pid: &nodex_core::term::Pid, global: &Global) -> String {
    term::shown(&eetf::Pid::from(pid.clone()).into(), global)
}
