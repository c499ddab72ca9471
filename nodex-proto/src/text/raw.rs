//! Encoded terms.

use std::fmt;

use super::{
    Syntax,
    identifier::{write_pid, write_port, write_reference},
    integer::write_encoded,
    leaf::{is_printable, write_atom, write_bits, write_float, write_quoted},
    out::Out,
    term::write_bytes,
};
use crate::etf::{DecodeError, Decoder, EtfError, Kind, List, tag};

/// What stops the printing. The bytes were checked before, so only `out` can.
struct Stop;

impl From<fmt::Error> for Stop {
    fn from(_: fmt::Error) -> Self {
        Stop
    }
}

impl From<DecodeError> for Stop {
    fn from(_: DecodeError) -> Self {
        Stop
    }
}

impl From<EtfError> for Stop {
    fn from(_: EtfError) -> Self {
        Stop
    }
}

/// The next term. `depth` levels of nesting are shown; the functions here call each other no deeper.
pub(super) fn write(out: &mut impl Out, decoder: &mut Decoder<'_>, depth: usize) -> fmt::Result {
    write_term(out, decoder, depth).map_err(|Stop| fmt::Error)
}

fn write_term(out: &mut impl Out, decoder: &mut Decoder<'_>, depth: usize) -> Result<(), Stop> {
    let kind = decoder.peek()?;
    if depth == 0 && matches!(kind, Kind::Tuple | Kind::List | Kind::Map | Kind::Record) {
        decoder.skip()?;
        return Ok(out.write_str("...")?);
    }
    match kind {
        Kind::Integer => write_encoded(out, decoder.any_integer("integer")?, Syntax::Erlang)?,
        Kind::Float => write_float(out, decoder.float()?)?,
        Kind::Atom => write_atom(out, &decoder.atom_name()?)?,
        Kind::Pid => {
            let pid = decoder.pid()?;
            write_pid(out, "<", &pid.node, (pid.id, pid.serial), pid.creation)?;
        }
        Kind::Port => {
            let port = decoder.port()?;
            write_port(out, &port.node, port.id, port.creation)?;
        }
        Kind::Reference => {
            let reference = decoder.reference()?;
            write_reference(out, "#Ref<", &reference.node, reference.words(), reference.creation)?;
        }
        Kind::Binary | Kind::BitString => {
            let (bytes, bits) = decoder.bit_string()?;
            write_bits(out, bytes, bits)?;
        }
        Kind::Tuple => {
            let arity = decoder.tuple()?;
            out.write_char('{')?;
            write_all(out, decoder, arity, depth)?;
            out.write_char('}')?;
        }
        Kind::List => write_list(out, decoder, depth)?,
        Kind::Map => {
            out.write_str("#{")?;
            for i in 0..decoder.map()? {
                if i > 0 {
                    out.write_char(',')?;
                }
                write_term(out, decoder, depth - 1)?;
                out.write_str(" => ")?;
                write_term(out, decoder, depth - 1)?;
            }
            out.write_char('}')?;
        }
        Kind::Fun => write_fun(out, decoder)?,
        Kind::Record => write_record(out, decoder, depth)?,
        Kind::Local => write!(out, "#Local<{} bytes>", decoder.skip()?.len())?,
    }
    Ok(())
}

fn write_all(out: &mut impl Out, decoder: &mut Decoder<'_>, count: usize, depth: usize) -> Result<(), Stop> {
    for i in 0..count {
        if i > 0 {
            out.write_char(',')?;
        }
        write_term(out, decoder, depth - 1)?;
    }
    Ok(())
}

fn write_list(out: &mut impl Out, decoder: &mut Decoder<'_>, depth: usize) -> Result<(), Stop> {
    if let Some(text) = characters(decoder, out.room()) {
        return Ok(write_quoted(out, text.chars(), '"', Syntax::Erlang)?);
    }
    match decoder.list()? {
        List::Bytes(bytes) => return Ok(write_bytes(out, bytes)?),
        // A BEAM takes a list of no elements for its tail.
        List::Elements(0) => return write_term(out, decoder, depth - 1),
        List::Elements(count) => {
            out.write_char('[')?;
            write_all(out, decoder, count, depth)?;
        }
    }
    // A list as the tail goes on with the same list.
    loop {
        if decoder.peek()? != Kind::List {
            out.write_char('|')?;
            write_term(out, decoder, depth - 1)?;
            break;
        }
        match decoder.list()? {
            List::Bytes(bytes) => {
                bytes.iter().try_for_each(|byte| write!(out, ",{byte}"))?;
                break;
            }
            List::Elements(count) => {
                for _ in 0..count {
                    out.write_char(',')?;
                    write_term(out, decoder, depth - 1)?;
                }
            }
        }
    }
    Ok(out.write_char(']')?)
}

/// Returns the text that the next list is, if it is one; it is read only then. (Short ones are `STRING_EXT`, which
/// others see to.) If there is no room for all of it, what is in front decides.
fn characters(decoder: &mut Decoder<'_>, room: usize) -> Option<String> {
    let mut ahead = decoder.clone();
    let List::Elements(mut count @ 1..) = ahead.list().ok()? else { return None };
    let mut text = String::new();
    loop {
        for _ in 0..count {
            if ahead.peek() != Ok(Kind::Integer) {
                return None;
            }
            let code = u32::try_from(ahead.integer("character").ok()?).ok()?;
            text.push(char::from_u32(code).filter(|&c| is_printable(c))?);
            if text.len() > room {
                return Some(text);
            }
        }
        // A list as the tail goes on with the same list.
        match ahead.list().ok()? {
            List::Bytes(bytes) => {
                for &byte in bytes {
                    text.push(Some(char::from(byte)).filter(|&c| is_printable(c))?);
                }
                *decoder = ahead;
                return Some(text);
            }
            List::Elements(more) => count = more,
        }
    }
}

fn write_fun(out: &mut impl Out, decoder: &mut Decoder<'_>) -> Result<(), Stop> {
    let fun = decoder.skip()?;
    let external = fun.first() == Some(&tag::EXPORT_EXT);
    // In front of the module stand: the tag, or the tag, two lengths, arity, uniq and index.
    let mut parts = Decoder::new(fun.get(if external { 1 } else { 30 }..).ok_or(Stop)?);
    if external {
        out.write_str("fun ")?;
        write_atom(out, &parts.atom_name()?)?;
        out.write_char(':')?;
        write_atom(out, &parts.atom_name()?)?;
        write!(out, "/{}", parts.integer("arity")?)?;
    } else {
        out.write_str("#Fun<")?;
        write_atom(out, &parts.atom_name()?)?;
        write!(out, ".{}.{}>", parts.integer("index")?, parts.integer("uniq")?)?;
    }
    Ok(())
}

/// `#module:name{field = value,...}`, as OTP 29 prints a native record.
fn write_record(out: &mut impl Out, decoder: &mut Decoder<'_>, depth: usize) -> Result<(), Stop> {
    // The tag, the number of fields, and whether it is exported.
    let (head, _) = decoder.remaining().split_first_chunk::<6>().ok_or(Stop)?;
    let [_, a, b, c, d, _] = *head;
    let count = u32::from_be_bytes([a, b, c, d]);
    decoder.rewind(decoder.position() + head.len());
    out.write_char('#')?;
    write_atom(out, &decoder.atom_name()?)?;
    out.write_char(':')?;
    write_atom(out, &decoder.atom_name()?)?;
    let mut names = decoder.clone();
    for _ in 0..count {
        decoder.atom_name()?;
    }
    out.write_char('{')?;
    for i in 0..count {
        if i > 0 {
            out.write_char(',')?;
        }
        write_atom(out, &names.atom_name()?)?;
        out.write_str(" = ")?;
        write_term(out, decoder, depth - 1)?;
    }
    Ok(out.write_char('}')?)
}

#[cfg(test)]
mod tests {
    use crate::text::Text;

    #[test]
    fn text_goes_on_in_the_tail() {
        // [97|"bc"] as STRING_EXT and as LIST_EXT, and with a tail that is no text.
        assert_eq!(Text::of_bytes(b"\x6c\0\0\0\x01aa\x6b\0\x02bc").to_string(), r#""abc""#);
        assert_eq!(Text::of_bytes(b"\x6c\0\0\0\x01aa\x6c\0\0\0\x01ab\x6a").to_string(), r#""ab""#);
        assert_eq!(Text::of_bytes(b"\x6c\0\0\0\x01aa\x6b\0\x02b\0").to_string(), "[97,98,0]");
        assert_eq!(Text::of_bytes(b"\x6c\0\0\0\x01aaab").to_string(), "[97|98]");
    }
}
