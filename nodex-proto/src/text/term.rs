//! Dynamic terms.

use std::fmt;

use super::{
    Syntax,
    identifier::{write_pid, write_port, write_reference},
    integer::write_encoded,
    leaf::{is_printable, write_atom, write_bits, write_float, write_quoted},
    out::Out,
};
use crate::term::{Children, TermKind, TermRef};

/// `depth` levels of nesting are shown; this function calls itself no deeper.
pub(super) fn write(out: &mut impl Out, term: TermRef<'_>, depth: usize) -> fmt::Result {
    match term.kind() {
        TermKind::List(list) if list.as_bytes().is_some() && (depth > 0 || !list.is_empty()) => {
            write_bytes(out, list.as_bytes().unwrap_or_default())
        }
        TermKind::Tuple(_) | TermKind::Map(_) | TermKind::List(_) | TermKind::ImproperList(_) if depth == 0 => {
            out.write_str("...")
        }
        TermKind::Atom(name) => write_atom(out, name),
        TermKind::Integer(integer) => write_encoded(out, integer, Syntax::Erlang),
        TermKind::Float(value) => write_float(out, value),
        TermKind::Binary(bytes) => write_bits(out, bytes, 8),
        TermKind::BitString { bytes, bits } => write_bits(out, bytes, bits),
        TermKind::Pid(pid) => write_pid(out, "<", &pid.node, (pid.id, pid.serial), pid.creation),
        TermKind::Port(port) => write_port(out, &port.node, port.id, port.creation),
        TermKind::Reference(reference) => {
            write_reference(out, "#Ref<", &reference.node, reference.words(), reference.creation)
        }
        TermKind::ExternalFun(fun) => {
            out.write_str("fun ")?;
            write_atom(out, fun.module)?;
            out.write_char(':')?;
            write_atom(out, fun.function)?;
            write!(out, "/{}", fun.arity)
        }
        TermKind::Fun(fun) => {
            out.write_str("#Fun<")?;
            write_atom(out, fun.module)?;
            write!(out, ".{}.{}>", fun.old_index, fun.old_uniq)
        }
        TermKind::Tuple(tuple) => {
            out.write_char('{')?;
            write_all(out, tuple.iter(), depth)?;
            out.write_char('}')
        }
        TermKind::List(list) => match characters(list.iter(), out.room()) {
            Some(text) => write_quoted(out, text.chars(), '"', Syntax::Erlang),
            None => {
                out.write_char('[')?;
                write_all(out, list.iter(), depth)?;
                out.write_char(']')
            }
        },
        TermKind::ImproperList(list) => {
            out.write_char('[')?;
            write_all(out, list.iter(), depth)?;
            out.write_char('|')?;
            write(out, list.tail(), depth - 1)?;
            out.write_char(']')
        }
        TermKind::Map(map) => {
            out.write_str("#{")?;
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.write_char(',')?;
                }
                write(out, key, depth - 1)?;
                out.write_str(" => ")?;
                write(out, value, depth - 1)?;
            }
            out.write_char('}')
        }
    }
}

fn write_all(out: &mut impl Out, terms: Children<'_>, depth: usize) -> fmt::Result {
    for (i, term) in terms.enumerate() {
        if i > 0 {
            out.write_char(',')?;
        }
        write(out, term, depth - 1)?;
    }
    Ok(())
}

/// A list of integers from 0 to 255: text if all are printable.
pub(super) fn write_bytes(out: &mut impl Out, bytes: &[u8]) -> fmt::Result {
    let bytes = out.part(bytes);
    if !bytes.is_empty() && bytes.iter().all(|&byte| is_printable(byte.into())) {
        return write_quoted(out, bytes.iter().map(|&byte| byte.into()), '"', Syntax::Erlang);
    }
    out.write_char('[')?;
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 {
            out.write_char(',')?;
        }
        write!(out, "{byte}")?;
    }
    out.write_char(']')
}

/// Returns the text that a list is, if it is one. If there is no room for all of it, what is in front decides.
fn characters(elements: Children<'_>, room: usize) -> Option<String> {
    let mut text = String::new();
    for element in elements {
        let character = element.as_i64().and_then(|c| char::from_u32(c.try_into().ok()?));
        text.push(character.filter(|&c| is_printable(c))?);
        if text.len() > room {
            break;
        }
    }
    (!text.is_empty()).then_some(text)
}
