//! Dynamic terms.

use std::{fmt, rc::Rc};

use eetf::{InternalFun, Map};

use super::{
    Syntax,
    identifier::{write_pid, write_port, write_reference},
    integer::write_integer,
    leaf::{is_printable, write_atom, write_bits, write_float, write_quoted},
    out::Out,
};
use crate::term::{Order, Term};

/// `depth` levels of nesting are shown; this function calls itself no deeper.
pub(super) fn write<'t>(out: &mut impl Out, term: &'t Term, depth: usize, order: &mut Order<'t>) -> fmt::Result {
    match term {
        Term::Tuple(_) | Term::Map(_) | Term::List(_) | Term::ImproperList(_) if depth == 0 => out.write_str("..."),
        Term::Atom(atom) => write_atom(out, &atom.name),
        Term::FixInteger(integer) => write!(out, "{}", integer.value),
        Term::BigInteger(integer) => write_integer(out, &integer.value, Syntax::Erlang),
        Term::Float(float) => write_float(out, float.value),
        Term::Binary(binary) => write_bits(out, &binary.bytes, 8),
        Term::BitBinary(bits) => write_bits(out, &bits.bytes, bits.tail_bits_size),
        Term::Pid(pid) => write_pid(out, "<", &pid.node.name, (pid.id, pid.serial), pid.creation),
        Term::Port(port) => write_port(out, &port.node.name, port.id, port.creation),
        Term::Reference(reference) => {
            write_reference(out, "#Ref<", &reference.node.name, &reference.id, reference.creation)
        }
        Term::ExternalFun(fun) => {
            out.write_str("fun ")?;
            write_atom(out, &fun.module.name)?;
            out.write_char(':')?;
            write_atom(out, &fun.function.name)?;
            write!(out, "/{}", fun.arity)
        }
        Term::InternalFun(fun) => {
            let (module, index, uniq) = match &**fun {
                InternalFun::Old { module, index, uniq, .. } => (module, index, uniq),
                InternalFun::New { module, old_index, old_uniq, .. } => (module, old_index, old_uniq),
            };
            out.write_str("#Fun<")?;
            write_atom(out, &module.name)?;
            write!(out, ".{index}.{uniq}>")
        }
        Term::ByteList(list) => write_bytes(out, &list.bytes),
        Term::Tuple(tuple) => {
            out.write_char('{')?;
            write_all(out, &tuple.elements, depth, order)?;
            out.write_char('}')
        }
        Term::List(list) => match characters(out.part(&list.elements)) {
            Some(text) => write_quoted(out, text.chars(), '"', Syntax::Erlang),
            None => {
                out.write_char('[')?;
                write_all(out, &list.elements, depth, order)?;
                out.write_char(']')
            }
        },
        Term::ImproperList(list) => {
            out.write_char('[')?;
            write_all(out, &list.elements, depth, order)?;
            out.write_char('|')?;
            write(out, &list.last, depth - 1, order)?;
            out.write_char(']')
        }
        Term::Map(map) => {
            out.write_str("#{")?;
            for (i, (key, value)) in pairs(out, map, order).iter().enumerate() {
                if i > 0 {
                    out.write_char(',')?;
                }
                write(out, key, depth - 1, order)?;
                out.write_str(" => ")?;
                write(out, value, depth - 1, order)?;
            }
            out.write_char('}')
        }
    }
}

/// The pairs of a map by their keys, or as many of the first ones as there is room for.
pub(super) fn pairs<'t>(out: &impl Out, map: &'t Map, order: &mut Order<'t>) -> Rc<[(&'t Term, &'t Term)]> {
    // Each takes more than two bytes.
    let room = out.room() / 2;
    if map.map.len() <= room {
        return order.pairs(map);
    }
    let mut pairs: Vec<_> = map.map.iter().collect();
    if room + 1 < pairs.len() {
        pairs.select_nth_unstable_by(room + 1, |a, b| order.compare(a.0, b.0));
        pairs.truncate(room + 1);
    }
    order.sort(&mut pairs, |pair| pair.0);
    pairs.into()
}

fn write_all<'t>(out: &mut impl Out, terms: &'t [Term], depth: usize, order: &mut Order<'t>) -> fmt::Result {
    for (i, term) in terms.iter().enumerate() {
        if i > 0 {
            out.write_char(',')?;
        }
        write(out, term, depth - 1, order)?;
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

/// The text that a list is, if it is one.
fn characters(elements: &[Term]) -> Option<String> {
    let character = |term: &Term| match term {
        Term::FixInteger(integer) => {
            u32::try_from(integer.value).ok().and_then(char::from_u32).filter(|&c| is_printable(c))
        }
        _ => None,
    };
    if elements.is_empty() { None } else { elements.iter().map(character).collect() }
}
