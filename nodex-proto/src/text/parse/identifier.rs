//! Pids, ports, references and functions of modules.

use super::{ParseProblem, cursor::Cursor, error::Parsed, name, number, quoted};
use crate::term::{Atom, Pid, Port, Reference, Term};

/// `<node.1.2/3>`, `#PID<..>`, `#Port<..>`, `#Ref<..>`, `#Reference<..>`.
pub(super) fn identifier(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let start = cursor.at();
    let max = u64::from(u32::MAX);
    if cursor.take("#PID<") || cursor.take("<") {
        let node = node(cursor)?;
        let id = part(cursor, max)? as u32;
        let serial = part(cursor, max)? as u32;
        let creation = creation(cursor, "> at the end of a pid")?;
        return Ok(Pid { node, id, serial, creation }.into());
    }
    if cursor.take("#Port<") {
        let node = node(cursor)?;
        let id = part(cursor, u64::MAX)?;
        let creation = creation(cursor, "> at the end of a port")?;
        return Ok(Port { node, id, creation }.into());
    }
    if cursor.take("#Ref<") || cursor.take("#Reference<") {
        let node = node(cursor)?;
        let mut id = Vec::new();
        while !cursor.rest().starts_with(['>', '/']) {
            id.push(part(cursor, max)? as u32);
        }
        let creation = creation(cursor, "> at the end of a reference")?;
        // The most significant is written first.
        id.reverse();
        let reference = Reference::new(node, creation, &id);
        return reference.map(Term::from).ok_or_else(|| cursor.error_at(start, ParseProblem::ReferenceLength));
    }
    let what = if cursor.rest().starts_with("#Fun<") || cursor.rest().starts_with("#Function<") {
        "a function that is no function of a module"
    } else {
        "what starts like this"
    };
    Err(cursor.error(ParseProblem::Unreadable { what }))
}

/// `fun module:function/arity`.
pub(super) fn external_fun(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    cursor.take("fun");
    cursor.skip_space();
    let module = word(cursor, "the name of a module")?;
    cursor.expect(":", "a colon and a function")?;
    function(cursor, module)
}

/// `&module.function/arity`.
pub(super) fn capture(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    cursor.bump();
    let start = cursor.at();
    let name = name::name(cursor)?;
    let Some(module) = name.as_atom() else { return Err(cursor.expected("the name of a module")) };
    let module = name::atom(start, module)?;
    cursor.expect(".", "a dot and a function")?;
    function(cursor, module)
}

fn function(cursor: &mut Cursor<'_>, module: Atom) -> Parsed<Term> {
    let function = word(cursor, "the name of a function")?;
    cursor.expect("/", "/ and an arity")?;
    let arity = number::small(cursor, u8::MAX.into())? as u8;
    Ok(Term::external_fun(&module, &function, arity))
}

/// Reads an atom with or without quotes, and without a colon before it.
fn word(cursor: &mut Cursor<'_>, expected: &'static str) -> Parsed<Atom> {
    let start = cursor.at();
    let name = match cursor.peek() {
        Some('\'' | '"') => quoted::text(cursor)?,
        Some(c) if c.is_alphabetic() || c == '_' => {
            let mut word = cursor.take_while(name::is_inner).to_owned();
            if let Some(mark @ ('?' | '!')) = cursor.peek() {
                word.push(mark);
                cursor.bump();
            }
            word
        }
        _ => match name::OPERATORS.iter().find(|operator| cursor.take(operator)) {
            Some(operator) => (*operator).to_owned(),
            None => return Err(cursor.expected(expected)),
        },
    };
    name::atom(start, &name)
}

fn node(cursor: &mut Cursor<'_>) -> Parsed<Atom> {
    match cursor.peek() {
        Some('0'..='9') => Err(cursor.error(ParseProblem::LocalNode)),
        _ => word(cursor, "the name of a node"),
    }
}

/// Reads the creation, if there is one, and the end.
fn creation(cursor: &mut Cursor<'_>, end: &'static str) -> Parsed<u32> {
    let creation = if cursor.take("/") { number::small(cursor, u32::MAX.into())? as u32 } else { 0 };
    cursor.expect(">", end)?;
    Ok(creation)
}

fn part(cursor: &mut Cursor<'_>, limit: u64) -> Parsed<u64> {
    cursor.expect(".", "a dot and a number")?;
    number::small(cursor, limit)
}
