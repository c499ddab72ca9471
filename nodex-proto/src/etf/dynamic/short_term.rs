//! Short dynamic terms that contain no others, written in place.

use crate::etf::{
    out::{PLACE, head_and_node, numbers, short},
    put,
    put_digits::bit_string,
    tag,
};
use crate::term::{Reference, Term};

/// Writes a term and gives how many bytes it takes; `None` for one that is long, rare, contains others or must not be
/// sent. The caller writes those in another way, which knows all terms.
#[inline(always)]
pub(super) fn short_term(place: &mut [u8; PLACE], term: &Term) -> Option<usize> {
    match term {
        Term::Atom(atom) => {
            let name = atom.name.as_bytes();
            short(place.first_chunk_mut()?, tag::SMALL_ATOM_UTF8_EXT, [name.len() as u8], name)
        }
        Term::Binary(binary) => {
            let len = binary.bytes.len() as u32;
            short(place.first_chunk_mut()?, tag::BINARY_EXT, len.to_be_bytes(), &binary.bytes)
        }
        Term::FixInteger(integer) => Some(put::integer(place.first_chunk_mut()?, integer.value.into())),
        Term::Float(float) if float.value.is_finite() => Some(put::float(place.first_chunk_mut()?, float.value)),
        Term::List(list) if list.elements.is_empty() => {
            place[0] = tag::NIL_EXT;
            Some(1)
        }
        Term::Pid(_) | Term::Reference(_) | Term::BigInteger(_) | Term::ByteList(_) | Term::BitBinary(_) => {
            less_usual(place, term)
        }
        _ => None,
    }
}

/// What is not as frequent and would make the code above too long.
#[inline(never)]
fn less_usual(place: &mut [u8; PLACE], term: &Term) -> Option<usize> {
    match term {
        Term::Pid(pid) => {
            let at = head_and_node(place, [tag::NEW_PID_EXT], pid.node.name.as_bytes())?;
            numbers(place, at, &[pid.id, pid.serial, pid.creation])
        }
        Term::Reference(reference) if (1..=Reference::MAX_WORDS).contains(&reference.id.len()) => {
            let head = [tag::NEWER_REFERENCE_EXT, 0, reference.id.len() as u8];
            let at = head_and_node(place, head, reference.node.name.as_bytes())?;
            let at = numbers(place, at, &[reference.creation])?;
            numbers(place, at, &reference.id)
        }
        Term::BigInteger(integer) => {
            let value = i64::try_from(&integer.value).ok()?;
            Some(put::integer(place.first_chunk_mut()?, value))
        }
        Term::BitBinary(bits) => bit_string(place.first_chunk_mut()?, &bits.bytes, bits.tail_bits_size),
        Term::ByteList(list) if !list.bytes.is_empty() => {
            let len = list.bytes.len() as u16;
            short(place.first_chunk_mut()?, tag::STRING_EXT, len.to_be_bytes(), &list.bytes)
        }
        _ => None,
    }
}
