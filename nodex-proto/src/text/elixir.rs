//! Dynamic terms as Elixir's `inspect` writes them.

use std::fmt::{self, Write};

use eetf::InternalFun;

use super::{
    Syntax,
    identifier::{write_pid, write_port, write_reference},
    integer::write_integer,
    leaf::{is_printable, utf8, write_float, write_quoted},
    out::Out,
    parse::OPERATORS,
    term::pairs,
};
use crate::term::{Order, Term};

/// `depth` levels of nesting are shown; this function calls itself no deeper.
pub(super) fn write<'t>(out: &mut impl Out, term: &'t Term, depth: usize, order: &mut Order<'t>) -> fmt::Result {
    match term {
        Term::Tuple(_) | Term::Map(_) | Term::List(_) | Term::ImproperList(_) if depth == 0 => out.write_str("..."),
        Term::Atom(atom) => write_name(out, &atom.name),
        Term::FixInteger(integer) => write!(out, "{}", integer.value),
        Term::BigInteger(integer) => write_integer(out, &integer.value, Syntax::Elixir),
        Term::Float(float) => write_float(out, float.value),
        Term::Binary(binary) => write_bits(out, &binary.bytes, 8),
        Term::BitBinary(bits) => write_bits(out, &bits.bytes, bits.tail_bits_size),
        Term::Pid(pid) => write_pid(out, "#PID<", &pid.node.name, (pid.id, pid.serial), pid.creation),
        Term::Port(port) => write_port(out, &port.node.name, port.id, port.creation),
        Term::Reference(reference) => {
            write_reference(out, "#Reference<", &reference.node.name, &reference.id, reference.creation)
        }
        Term::ExternalFun(fun) => {
            out.write_char('&')?;
            write_name(out, &fun.module.name)?;
            out.write_char('.')?;
            // With a capital letter it would be a part of the module.
            match is_word(&fun.function.name) && !fun.function.name.starts_with(|c: char| c.is_ascii_uppercase()) {
                true => out.write_str(&fun.function.name)?,
                false => write_text(out, &fun.function.name)?,
            }
            write!(out, "/{}", fun.arity)
        }
        Term::InternalFun(fun) => {
            let (module, index, uniq) = match &**fun {
                InternalFun::Old { module, index, uniq, .. } => (module, index, uniq),
                InternalFun::New { module, old_index, old_uniq, .. } => (module, old_index, old_uniq),
            };
            write!(out, "#Function<{index}.{uniq} in ")?;
            write_name(out, &module.name)?;
            out.write_char('>')
        }
        Term::ByteList(list) => write_bytes(out, &list.bytes),
        Term::Tuple(tuple) => {
            out.write_char('{')?;
            write_all(out, &tuple.elements, depth, order)?;
            out.write_char('}')
        }
        Term::List(list) => {
            out.write_char('[')?;
            if !list.elements.is_empty() && list.elements.iter().all(|element| pair(element).is_some()) && depth > 1 {
                for (i, (key, value)) in list.elements.iter().filter_map(pair).enumerate() {
                    separate(out, i)?;
                    write_key(out, key)?;
                    write(out, value, depth - 2, order)?;
                }
            } else {
                write_all(out, &list.elements, depth, order)?;
            }
            out.write_char(']')
        }
        Term::ImproperList(list) => {
            out.write_char('[')?;
            write_all(out, &list.elements, depth, order)?;
            out.write_str(" | ")?;
            write(out, &list.last, depth - 1, order)?;
            out.write_char(']')
        }
        Term::Map(map) => write_map(out, map, depth, order),
    }
}

fn write_map<'t>(out: &mut impl Out, map: &'t eetf::Map, depth: usize, order: &mut Order<'t>) -> fmt::Result {
    let pairs = pairs(out, map, order);
    let is_struct = |(key, value): (&Term, &Term)| match (key, value) {
        (Term::Atom(key), Term::Atom(module)) => key.name == "__struct__" && module_name(&module.name).is_some(),
        _ => false,
    };
    out.write_char('%')?;
    let keys = map.map.keys().all(|key| matches!(key, Term::Atom(atom) if !atom.name.starts_with("Elixir.")));
    let module = if keys { map.map.iter().find(|pair| is_struct(*pair)).map(|pair| pair.1) } else { None };
    if let Some(Term::Atom(module)) = module {
        write_name(out, &module.name)?;
    }
    out.write_char('{')?;
    let others = pairs.iter().filter(|pair| module.is_none() || !is_struct(**pair));
    for (i, (key, value)) in others.enumerate() {
        separate(out, i)?;
        match key {
            Term::Atom(atom) if keys => write_key(out, &atom.name)?,
            key => {
                write(out, key, depth - 1, order)?;
                out.write_str(" => ")?;
            }
        }
        write(out, value, depth - 1, order)?;
    }
    out.write_char('}')
}

fn write_all<'t>(out: &mut impl Out, terms: &'t [Term], depth: usize, order: &mut Order<'t>) -> fmt::Result {
    for (i, term) in terms.iter().enumerate() {
        separate(out, i)?;
        write(out, term, depth - 1, order)?;
    }
    Ok(())
}

fn separate(out: &mut impl Write, i: usize) -> fmt::Result {
    if i > 0 { out.write_str(", ") } else { Ok(()) }
}

/// The key and the value of a pair that `key: value` stands for.
fn pair(term: &Term) -> Option<(&str, &Term)> {
    match term {
        Term::Tuple(tuple) => match &tuple.elements[..] {
            [Term::Atom(key), value] if !key.name.starts_with("Elixir.") => Some((&key.name, value)),
            _ => None,
        },
        _ => None,
    }
}

fn write_key(out: &mut impl Write, name: &str) -> fmt::Result {
    if is_word(name) {
        out.write_str(name)?
    } else {
        write_text(out, name)?
    }
    out.write_str(": ")
}

fn write_name(out: &mut impl Write, name: &str) -> fmt::Result {
    if let Some(module) = module_name(name) {
        return out.write_str(module);
    }
    match name {
        "true" | "false" | "nil" => out.write_str(name),
        _ if is_word(name) || OPERATORS.contains(&name) => write!(out, ":{name}"),
        _ => {
            out.write_char(':')?;
            write_text(out, name)
        }
    }
}

/// The name of an Elixir module as it is written in a program.
fn module_name(name: &str) -> Option<&str> {
    if name == "Elixir" {
        return Some(name);
    }
    let module = name.strip_prefix("Elixir.").filter(|module| *module != "Elixir" && !module.starts_with("Elixir."))?;
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    module.split('.').all(part).then_some(module)
}

/// True if it needs no quotes after a colon, or before one.
fn is_word(name: &str) -> bool {
    let body = name.strip_suffix(['?', '!']).unwrap_or(name);
    body.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && body.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@')
}

/// In double quotes. `#{` would be read as an expression.
fn write_text(out: &mut impl Write, text: &str) -> fmt::Result {
    if !text.contains("#{") {
        return write_quoted(out, text.chars(), '"', Syntax::Elixir);
    }
    let mut quoted = String::new();
    write_quoted(&mut quoted, text.chars(), '"', Syntax::Elixir)?;
    out.write_str(&quoted.replace("#{", "\\#{"))
}

fn write_bits(out: &mut impl Out, all: &[u8], bits: u8) -> fmt::Result {
    let bytes = out.part(all);
    match utf8(bytes, all) {
        Ok(text) if bits == 8 && text.chars().all(is_printable) => return write_text(out, text),
        _ => out.write_str("<<")?,
    }
    for (i, byte) in bytes.iter().enumerate() {
        separate(out, i)?;
        match bits {
            1..=7 if i + 1 == bytes.len() => write!(out, "{}::size({bits})", byte >> (8 - bits))?,
            _ => write!(out, "{byte}")?,
        }
    }
    out.write_str(">>")
}

/// A list of integers from 0 to 255: text if all are printable ASCII, as `inspect` has it.
fn write_bytes(out: &mut impl Out, bytes: &[u8]) -> fmt::Result {
    let bytes = out.part(bytes);
    if !bytes.is_empty() && bytes.iter().all(|&byte| byte.is_ascii() && is_printable(byte.into())) {
        out.write_str("~c")?;
        return write_text(out, &bytes.iter().map(|&byte| char::from(byte)).collect::<String>());
    }
    out.write_char('[')?;
    for (i, byte) in bytes.iter().enumerate() {
        separate(out, i)?;
        write!(out, "{byte}")?;
    }
    out.write_char(']')
}
