//! Pids, ports and references on the command line. What a node prints of them in its own shell, `<0.91.0>`, means
//! nothing to others, and without the creation of its node it would be another process.

use std::collections::HashMap;

use nodex_core::{eetf, term::Term, text::Text};

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

/// The term with the creations that are missing: those of this node, which lives now.
///
/// # Errors
/// When another node is named without its creation.
pub(crate) fn complete(term: Term, of: Option<Incarnation<'_>>, global: &Global) -> Result<Term, Failure> {
    let creation = |node: &eetf::Atom, creation: u32| match of {
        _ if creation != 0 => Some(creation),
        Some(of) if of.node == node.name => Some(of.creation),
        _ => None,
    };
    let all =
        |terms: Vec<Term>| terms.into_iter().map(|term| complete(term, of, global)).collect::<Result<Vec<_>, _>>();
    let missing = |term: Term| {
        let shown = Text::of(&term).syntax(global.syntax.into());
        Failure::new(Code::BadTerm, format_args!("{shown} does not say which incarnation of its node is meant"))
            .hint("it ends with / and the creation of the node, as nodex prints it; nodex info tells the creation")
    };
    Ok(match term {
        Term::Pid(pid) => match creation(&pid.node, pid.creation) {
            Some(creation) => eetf::Pid { creation, ..pid }.into(),
            None => return Err(missing(pid.into())),
        },
        Term::Port(port) => match creation(&port.node, port.creation) {
            Some(creation) => eetf::Port { creation, ..port }.into(),
            None => return Err(missing(port.into())),
        },
        Term::Reference(reference) => match creation(&reference.node, reference.creation) {
            Some(creation) => eetf::Reference { creation, ..*reference }.into(),
            None => return Err(missing(Term::Reference(reference))),
        },
        Term::Tuple(tuple) => eetf::Tuple { elements: all(tuple.elements)? }.into(),
        Term::List(list) => eetf::List { elements: all(list.elements)? }.into(),
        Term::ImproperList(list) => {
            let last = Box::new(complete(*list.last, of, global)?);
            eetf::ImproperList { elements: all(list.elements)?, last }.into()
        }
        Term::Map(map) => {
            let mut complete_map = HashMap::with_capacity(map.map.len());
            for (key, value) in map.map {
                complete_map.insert(complete(key, of, global)?, complete(value, of, global)?);
            }
            eetf::Map { map: complete_map }.into()
        }
        term => term,
    })
}
