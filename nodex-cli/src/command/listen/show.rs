//! Printing of received messages.

use std::{io, time::Instant};

use nodex_core::term::{RawTerm, Term};
use serde::Serialize;

use super::connection::Event;
use crate::{
    options::Global,
    output::{Json, Screen, Untrusted, grouped},
    raw::To,
    terms::{Answer, shown},
};

/// People see this many bytes of a term, JSON contains all of it. The rest of a longer term is not decoded for people.
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
        Event::Message { kind, from, to, term, .. } => {
            let from = from.as_ref().map(|from| pid(from, global));
            row(screen, global, started, kind, from.as_ref(), to, Content::Message(term))?;
            return Ok(true);
        }
        Event::Signal { kind, from, to, about } if all => {
            row(screen, global, started, kind, Some(&pid(from, global)), to, Content::About(about))?;
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
    from: Option<&Untrusted>,
    to: &To,
    what: Content<'_>,
) -> io::Result<()> {
    let seconds = started.elapsed().as_secs_f64();
    let to = match to {
        To::Name(name) => Untrusted::new(name.as_str()),
        To::Pid(to) => pid(to, global),
        To::Alias(alias) => Untrusted::of(shown(&Term::from(alias), global)),
    };
    if global.json {
        let seconds = (seconds * 1e6).round() / 1e6;
        let to = &to;
        return match what {
            Content::About(term) => screen.json(Row { from, kind, seconds, term, to, value: None }),
            Content::Message(term) => {
                let answer = Answer::new(term.clone());
                let (term, value) = (answer.shown(global), answer.json(global));
                screen.json(Row { from, kind, seconds, term, to, value })
            }
        };
    }
    let text = match what {
        Content::About(about) => about.clone(),
        Content::Message(term) if term.as_bytes().len() > LONG => {
            Untrusted::of(format_args!("a term of {} bytes", grouped(term.as_bytes().len() as u64)))
        }
        Content::Message(term) => Untrusted::of(Answer::new(term.clone()).shown(global)),
    };
    let out = screen.out;
    screen.data(format_args!(
        "{}  {}  {to:<12}  {:<28}  {text}",
        out.dim(format!("{seconds:>9.3} s")),
        out.head(format!("{kind:<7}")),
        from.map_or_else(|| "nobody".to_owned(), ToString::to_string),
    ))
}

/// A line for programs.
#[derive(Serialize)]
struct Row<'a, T> {
    from: Option<&'a Untrusted>,
    kind: &'a str,
    seconds: f64,
    term: T,
    to: &'a Untrusted,
    value: Option<Json<'a>>,
}

/// What a row is about.
enum Content<'a> {
    Message(&'a RawTerm),
    About(&'a Untrusted),
}

fn pid(pid: &nodex_core::term::Pid, global: &Global) -> Untrusted {
    Untrusted::of(shown(&Term::from(pid), global))
}
