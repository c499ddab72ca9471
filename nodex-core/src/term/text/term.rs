//! Dynamic terms.

use std::fmt::{self, Write};

use eetf::InternalFun;

use super::{
    identifier::{write_pid, write_port, write_reference},
    leaf::{is_printable, write_atom, write_bits, write_float, write_quoted},
};
use crate::term::{Term, compare};

/// `depth` levels of nesting are shown; this function calls itself no deeper.
pub(super) fn write(out: &mut impl Write, term: &Term, depth: usize) -> fmt::Result {
    match term {
        Term::Tuple(_) | Term::Map(_) | Term::List(_) | Term::ImproperList(_) if depth == 0 => out.write_str("..."),
        Term::Atom(atom) => write_atom(out, &atom.name),
        Term::FixInteger(integer) => write!(out, "{}", integer.value),
        Term::BigInteger(integer) => write!(out, "{}", integer.value),
        Term::Float(float) => write_float(out, float.value),
        Term::Binary(binary) => write_bits(out, &binary.bytes, 8),
        Term::BitBinary(bits) => write_bits(out, &bits.bytes, bits.tail_bits_size),
        Term::Pid(pid) => write_pid(out, &pid.node.name, pid.id, pid.serial),
        Term::Port(port) => write_port(out, &port.node.name, port.id),
        Term::Reference(reference) => write_reference(out, &reference.node.name, &reference.id),
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
            write_all(out, &tuple.elements, depth)?;
            out.write_char('}')
        }
        Term::List(list) => match characters(&list.elements) {
            Some(text) => write_quoted(out, text.chars(), '"'),
            None => {
                out.write_char('[')?;
                write_all(out, &list.elements, depth)?;
                out.write_char(']')
            }
        },
        Term::ImproperList(list) => {
            out.write_char('[')?;
            write_all(out, &list.elements, depth)?;
            out.write_char('|')?;
            write(out, &list.last, depth - 1)?;
            out.write_char(']')
        }
        Term::Map(map) => {
            let mut pairs: Vec<_> = map.map.iter().collect();
            pairs.sort_by(|a, b| compare(a.0, b.0));
            out.write_str("#{")?;
            for (i, (key, value)) in pairs.into_iter().enumerate() {
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

fn write_all(out: &mut impl Write, terms: &[Term], depth: usize) -> fmt::Result {
    for (i, term) in terms.iter().enumerate() {
        if i > 0 {
            out.write_char(',')?;
        }
        write(out, term, depth - 1)?;
    }
    Ok(())
}

/// A list of integers from 0 to 255: text if all are printable.
pub(super) fn write_bytes(out: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    if !bytes.is_empty() && bytes.iter().all(|&byte| is_printable(byte.into())) {
        return write_quoted(out, bytes.iter().map(|&byte| byte.into()), '"');
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
