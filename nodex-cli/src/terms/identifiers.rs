//! Pids, ports and references on the command line. What a node prints of them in its own shell, `<0.91.0>`, means
//! nothing to others, and without the creation of its node it would be another process.

use nodex_core::{
    term::{Atom, Children, Pid, Port, Term, TermKind, TermRef},
    text::Text,
};

use crate::{
    failure::{Code, Failure},
    options::Global,
};

/// The node that a command talks to.
#[derive(Clone, Copy)]
pub(crate) struct Incarnation<'a> {
    pub(crate) node: &'a str,
    pub(crate) creation: u32,
}

/// Returns the term with the creations that are missing: those of this node, which lives now.
///
/// # Errors
/// Returns an error when another node is named without its creation.
pub(crate) fn complete(term: Term, of: Option<Incarnation<'_>>, global: &Global) -> Result<Term, Failure> {
    completed(term.as_ref(), of, global).map(|complete| complete.unwrap_or(term))
}

/// `None` if nothing is missing.
fn completed(term: TermRef<'_>, of: Option<Incarnation<'_>>, global: &Global) -> Result<Option<Term>, Failure> {
    let creation = |node: &Atom, creation: u32| match of {
        _ if creation != 0 => Ok(creation),
        Some(of) if *node == of.node => Ok(of.creation),
        _ => {
            let shown = Text::of(term).syntax(global.syntax.into());
            let text = format_args!("{shown} does not say which incarnation of its node is meant");
            let hint = "it ends with / and the creation of the node, as nodex prints it; nodex info tells the creation";
            Err(Failure::new(Code::BadTerm, text).hint(hint))
        }
    };
    let all = |parts: Children<'_>| {
        let (mut all, mut missing) = (Vec::with_capacity(parts.len()), false);
        for part in parts {
            let complete = completed(part, of, global)?;
            missing |= complete.is_some();
            all.push(complete.unwrap_or_else(|| part.to_term()));
        }
        Ok::<_, Failure>(Some(all).filter(|_| missing))
    };
    Ok(match term.kind() {
        TermKind::Pid(pid) => Some(Pid { creation: creation(&pid.node, pid.creation)?, ..pid }.into()),
        TermKind::Port(port) => Some(Port { creation: creation(&port.node, port.creation)?, ..port }.into()),
        TermKind::Reference(mut reference) => {
            reference.creation = creation(&reference.node, reference.creation)?;
            Some(reference.into())
        }
        TermKind::Tuple(tuple) => all(tuple.iter())?.map(Term::tuple),
        TermKind::List(list) => all(list.iter())?.map(Term::list),
        TermKind::ImproperList(list) => match (all(list.iter())?, completed(list.tail(), of, global)?) {
            (None, None) => None,
            (elements, tail) => {
                let elements = elements.unwrap_or_else(|| list.iter().map(TermRef::to_term).collect());
                Some(Term::improper_list(elements, tail.unwrap_or_else(|| list.tail().to_term())))
            }
        },
        TermKind::Map(map) => match (all(map.keys())?, all(map.values())?) {
            (None, None) => None,
            (keys, values) => {
                let keys = keys.unwrap_or_else(|| map.keys().map(TermRef::to_term).collect());
                let values = values.unwrap_or_else(|| map.values().map(TermRef::to_term).collect());
                Some(Term::map(keys.into_iter().zip(values)))
            }
        },
        _ => None,
    })
}
