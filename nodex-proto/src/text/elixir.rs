//! Dynamic terms as Elixir's `inspect` writes them.

use std::fmt::{self, Write};

use super::{
    Syntax,
    identifier::{write_pid, write_port, write_reference},
    integer::write_encoded,
    leaf::{is_printable, utf8, write_float, write_quoted},
    out::Out,
    parse::OPERATORS,
};
use crate::term::{Children, Map, TermKind, TermRef};

/// `depth` levels of nesting are shown; this function calls itself no deeper.
pub(super) fn write(out: &mut impl Out, term: TermRef<'_>, depth: usize) -> fmt::Result {
    match term.kind() {
        TermKind::List(list) if list.as_bytes().is_some() && (depth > 0 || !list.is_empty()) => {
            write_bytes(out, list.as_bytes().unwrap_or_default())
        }
        TermKind::Tuple(_) | TermKind::Map(_) | TermKind::List(_) | TermKind::ImproperList(_) if depth == 0 => {
            out.write_str("...")
        }
        TermKind::Atom(name) => write_name(out, name),
        TermKind::Integer(integer) => write_encoded(out, integer, Syntax::Elixir),
        TermKind::Float(value) => write_float(out, value),
        TermKind::Binary(bytes) => write_bits(out, bytes, 8),
        TermKind::BitString { bytes, bits } => write_bits(out, bytes, bits),
        TermKind::Pid(pid) => write_pid(out, "#PID<", &pid.node, (pid.id, pid.serial), pid.creation),
        TermKind::Port(port) => write_port(out, &port.node, port.id, port.creation),
        TermKind::Reference(reference) => {
            write_reference(out, "#Reference<", &reference.node, reference.words(), reference.creation)
        }
        TermKind::ExternalFun(fun) => {
            out.write_char('&')?;
            write_name(out, fun.module)?;
            out.write_char('.')?;
            // With a capital letter it would be a part of the module.
            match is_word(fun.function) && !fun.function.starts_with(|c: char| c.is_ascii_uppercase()) {
                true => out.write_str(fun.function)?,
                false => write_text(out, fun.function)?,
            }
            write!(out, "/{}", fun.arity)
        }
        TermKind::Fun(fun) => {
            write!(out, "#Function<{}.{} in ", fun.old_index, fun.old_uniq)?;
            write_name(out, fun.module)?;
            out.write_char('>')
        }
        TermKind::Tuple(tuple) => {
            out.write_char('{')?;
            write_all(out, tuple.iter(), depth)?;
            out.write_char('}')
        }
        TermKind::List(list) => {
            out.write_char('[')?;
            if depth > 1 && list.iter().all(|element| pair(element).is_some()) {
                for (i, (key, value)) in list.iter().filter_map(pair).enumerate() {
                    separate(out, i)?;
                    write_key(out, key)?;
                    write(out, value, depth - 2)?;
                }
            } else {
                write_all(out, list.iter(), depth)?;
            }
            out.write_char(']')
        }
        TermKind::ImproperList(list) => {
            out.write_char('[')?;
            write_all(out, list.iter(), depth)?;
            out.write_str(" | ")?;
            write(out, list.tail(), depth - 1)?;
            out.write_char(']')
        }
        TermKind::Map(map) => write_map(out, &map, depth),
    }
}

fn write_map(out: &mut impl Out, map: &Map<'_>, depth: usize) -> fmt::Result {
    out.write_char('%')?;
    let keys = map.keys().all(|key| key.as_atom().is_some_and(|name| !name.starts_with("Elixir.")));
    let module = map.get(crate::atom!("__struct__")).and_then(|module| module.as_atom());
    let module = module.filter(|module| keys && module_name(module).is_some());
    if let Some(module) = module {
        write_name(out, module)?;
    }
    out.write_char('{')?;
    let others = map.iter().filter(|(key, _)| module.is_none() || !key.is_atom("__struct__"));
    for (i, (key, value)) in others.enumerate() {
        separate(out, i)?;
        match key.as_atom() {
            Some(name) if keys => write_key(out, name)?,
            _ => {
                write(out, key, depth - 1)?;
                out.write_str(" => ")?;
            }
        }
        write(out, value, depth - 1)?;
    }
    out.write_char('}')
}

fn write_all(out: &mut impl Out, terms: Children<'_>, depth: usize) -> fmt::Result {
    for (i, term) in terms.enumerate() {
        separate(out, i)?;
        write(out, term, depth - 1)?;
    }
    Ok(())
}

fn separate(out: &mut impl Write, i: usize) -> fmt::Result {
    if i > 0 { out.write_str(", ") } else { Ok(()) }
}

/// Returns the key and the value of a pair that `key: value` stands for.
fn pair(term: TermRef<'_>) -> Option<(&str, TermRef<'_>)> {
    let [key, value] = term.as_tuple()?.as_array()?;
    Some((key.as_atom().filter(|name| !name.starts_with("Elixir."))?, value))
}

pub(crate) fn write_key(out: &mut impl Write, name: &str) -> fmt::Result {
    if is_word(name) {
        out.write_str(name)?
    } else {
        write_text(out, name)?
    }
    out.write_str(": ")
}

pub(crate) fn write_name(out: &mut impl Write, name: &str) -> fmt::Result {
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
pub(crate) fn module_name(name: &str) -> Option<&str> {
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

/// Returns `true` if it needs no quotes after a colon, or before one.
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
