//! Bytes to dynamic terms: runs of the commonest terms that contain no others.

use eetf::FixInteger;

use super::open::{FACTOR, OVERHEAD, Place, REFERENCE};
use crate::{
    etf::{
        Decoder,
        integer::{big_integer, short_big},
        tag,
    },
    term::Term,
};

/// Appends of the `left` terms that follow those in front that are of the commonest kinds. Stops at the first other
/// one, and at one that is not right, which [`Reader::simple`] reports.
///
/// All that changes is held in variables of its own, so that the compiler keeps it in registers.
#[inline(never)]
pub(super) fn run(decoder: &mut Decoder<'_>, elements: &mut Vec<Term>, left: &mut usize) {
    let bytes = decoder.bytes;
    let mut rest = bytes.get(decoder.pos..).unwrap_or_default();
    let allowed = decoder.limits.max_term_memory.max(bytes.len().saturating_mul(FACTOR));
    let mut spent = decoder.spent;
    let mut due = *left;
    while due > 0 {
        match *rest {
            [tag::SMALL_ATOM_UTF8_EXT, len, ref more @ ..] => {
                let Some((name, more)) = more.split_at_checked(len.into()) else { break };
                let Ok(name) = std::str::from_utf8(name) else { break };
                let cost = name.len() + OVERHEAD;
                if cost > allowed.saturating_sub(spent) {
                    break;
                }
                spent += cost;
                put_atom(elements, name);
                rest = more;
            }
            [tag::BINARY_EXT, a, b, c, d, ref more @ ..] => {
                let len = u32::from_be_bytes([a, b, c, d]) as usize;
                let Some((binary, more)) = more.split_at_checked(len) else { break };
                let cost = len + OVERHEAD;
                if cost > allowed.saturating_sub(spent) {
                    break;
                }
                spent += cost;
                put_binary(elements, binary);
                rest = more;
            }
            [tag::SMALL_INTEGER_EXT, value, ref more @ ..] => {
                elements.put(|| Term::FixInteger(FixInteger { value: value.into() }));
                rest = more;
            }
            [tag::INTEGER_EXT, ..] => {
                let (all, _) = rest.as_chunks::<5>();
                let count = all.iter().take(due).take_while(|each| each[0] == tag::INTEGER_EXT).count();
                if count == 0 {
                    break;
                }
                elements.extend(
                    all[..count].iter().map(|&[_, a, b, c, d]| {
                        Term::FixInteger(FixInteger { value: i32::from_be_bytes([a, b, c, d]) })
                    }),
                );
                rest = &rest[5 * count..];
                due -= count;
                continue;
            }
            [tag::NEW_FLOAT_EXT, ..] => {
                let (all, _) = rest.as_chunks::<9>();
                let count = all.iter().take(due).take_while(|each| finite(each).is_some()).count();
                if count == 0 {
                    break;
                }
                elements.extend(all[..count].iter().map(|&[_, a, b, c, d, e, f, g, h]| {
                    Term::Float(eetf::Float { value: f64::from_be_bytes([a, b, c, d, e, f, g, h]) })
                }));
                rest = &rest[9 * count..];
                due -= count;
                continue;
            }
            [tag::NEW_PID_EXT, tag::SMALL_ATOM_UTF8_EXT, len, ref more @ ..] => {
                let Some((node, more)) = more.split_at_checked(len.into()) else { break };
                let Ok(node) = std::str::from_utf8(node) else { break };
                let Some((numbers, more)) = more.split_first_chunk::<12>() else { break };
                let cost = node.len() + OVERHEAD;
                if cost > allowed.saturating_sub(spent) {
                    break;
                }
                spent += cost;
                put_pid(elements, node, numbers);
                rest = more;
            }
            [tag::NEWER_REFERENCE_EXT, 0, words @ 1..=5, tag::SMALL_ATOM_UTF8_EXT, len, ref more @ ..] => {
                let Some((node, more)) = more.split_at_checked(len.into()) else { break };
                let Ok(node) = std::str::from_utf8(node) else { break };
                let Some((numbers, more)) = more.split_at_checked(4 + 4 * usize::from(words)) else { break };
                let ([creation, words @ ..], _) = numbers.as_chunks::<4>() else { break };
                let cost = node.len() + REFERENCE;
                if cost > allowed.saturating_sub(spent) {
                    break;
                }
                spent += cost;
                put_reference(elements, node, *creation, words);
                rest = more;
            }
            [tag::SMALL_BIG_EXT, ..] => match short_big(rest) {
                Some((value, len)) => {
                    match i32::try_from(value) {
                        Ok(value) => elements.put(|| Term::FixInteger(FixInteger { value })),
                        Err(_) => put_big(elements, value),
                    }
                    rest = &rest[len..];
                }
                None => {
                    let Some(len) = put_digits(elements, rest, allowed.saturating_sub(spent)) else { break };
                    spent += len + OVERHEAD;
                    rest = &rest[3 + len..];
                }
            },
            [tag::NIL_EXT, ref more @ ..] => {
                elements.put(|| Term::List(eetf::List { elements: Vec::new() }));
                rest = more;
            }
            _ => break,
        }
        due -= 1;
    }
    *left = due;
    decoder.spent = spent;
    decoder.pos = bytes.len() - rest.len();
}

// Each of these writes its term where it stays. Inside of `run` the compiler would have one place on the stack for all of
// them, and copy from there what it has just written.

#[inline(never)]
fn put_atom(elements: &mut Vec<Term>, name: &str) {
    elements.put(|| Term::Atom(eetf::Atom { name: name.to_owned() }));
}

#[inline(never)]
fn put_binary(elements: &mut Vec<Term>, binary: &[u8]) {
    elements.put(|| Term::Binary(eetf::Binary { bytes: binary.to_vec() }));
}

#[inline(never)]
fn put_big(elements: &mut Vec<Term>, value: i64) {
    elements.put(|| Term::BigInteger(eetf::BigInteger { value: value.into() }));
}

/// A `SMALL_BIG_EXT` of more than 64 bits, if that is what comes next and it takes no more than is `left`; gives how many
/// digits it has.
#[inline(never)]
fn put_digits(elements: &mut Vec<Term>, bytes: &[u8], left: usize) -> Option<usize> {
    let [tag::SMALL_BIG_EXT, len, sign @ 0..=1, rest @ ..] = bytes else { return None };
    let digits = rest.get(..usize::from(*len)).filter(|digits| digits.len() + OVERHEAD <= left)?;
    // With zeros at the end it may be less than it looks.
    if matches!(digits, [] | [.., 0]) {
        return None;
    }
    elements.put(|| Term::BigInteger(eetf::BigInteger { value: big_integer(*sign == 1, digits) }));
    Some(digits.len())
}

#[inline(never)]
fn put_pid(elements: &mut Vec<Term>, node: &str, &[a, b, c, d, e, f, g, h, i, j, k, l]: &[u8; 12]) {
    elements.put(|| {
        Term::Pid(eetf::Pid {
            node: eetf::Atom { name: node.to_owned() },
            id: u32::from_be_bytes([a, b, c, d]),
            serial: u32::from_be_bytes([e, f, g, h]),
            creation: u32::from_be_bytes([i, j, k, l]),
        })
    });
}

#[inline(never)]
fn put_reference(elements: &mut Vec<Term>, node: &str, creation: [u8; 4], words: &[[u8; 4]]) {
    let reference = Box::new(eetf::Reference {
        node: eetf::Atom { name: node.to_owned() },
        id: words.iter().map(|word| u32::from_be_bytes(*word)).collect(),
        creation: u32::from_be_bytes(creation),
    });
    elements.put(|| Term::Reference(reference));
}

/// What an encoded float is, if it is one and finite.
#[inline(always)]
pub(in crate::etf) fn finite(&[tag, a, b, c, d, e, f, g, h]: &[u8; 9]) -> Option<f64> {
    let value = f64::from_be_bytes([a, b, c, d, e, f, g, h]);
    (tag == tag::NEW_FLOAT_EXT && value.is_finite()).then_some(value)
}
