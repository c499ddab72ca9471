//! Terms and their encodings, from the chapter `erl_ext_dist` of erts alone.

use proptest::{collection::vec, prelude::*, sample::select};

/// A term. Maps have one pair at most, so that its encoding is one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum T {
    Int(i128),
    Float(f64),
    Atom(String),
    Binary(Vec<u8>),
    /// With so many bits of the last byte, 1 to 7; the others are 0.
    Bits(Vec<u8>, u8),
    /// A list of small integers, at least one.
    Bytes(Vec<u8>),
    /// Its elements, at least one, and the tail, if it is none that a list could have.
    List(Vec<T>, Option<Box<T>>),
    Nil,
    Tuple(Vec<T>),
    Map(Option<Box<(T, T)>>),
    Pid(String, [u32; 3]),
    Port(String, u64, u32),
    Reference(String, u32, Vec<u32>),
    Export(String, String, u8),
}

/// Chooses one of so many ways to write something; 0 is what every node does.
pub(crate) type Choose<'a> = dyn FnMut(usize) -> usize + 'a;

/// What every node writes.
pub(crate) fn usual(term: &T) -> Vec<u8> {
    let mut out = Vec::new();
    write(term, &mut |_| 0, &mut out);
    out
}

/// The same in forms that are allowed and that few or no nodes write, as these numbers choose.
pub(crate) fn unusual(term: &T, choices: &[u8]) -> Vec<u8> {
    let mut choices = choices.iter().cycle();
    let mut out = Vec::new();
    write(term, &mut |ways| usize::from(*choices.next().unwrap_or(&0)) % ways, &mut out);
    out
}

pub(crate) fn write(term: &T, choose: &mut Choose<'_>, out: &mut Vec<u8>) {
    match term {
        T::Int(value) => integer(*value, choose, out),
        T::Float(value) => {
            let text = format!("{:.20e}", value);
            // The old form has two digits or more behind the `e`, and a sign.
            let (digits, exponent) = text.split_once('e').unwrap();
            let exponent: i32 = exponent.parse().unwrap();
            let text = format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
            if choose(2) == 1 && text.len() <= 31 && text.parse() == Ok(*value) {
                out.push(99);
                out.extend(text.as_bytes());
                out.resize(out.len() + 31 - text.len(), 0);
            } else {
                out.push(70);
                out.extend(value.to_be_bytes());
            }
        }
        T::Atom(name) => atom(name, choose, out),
        T::Binary(bytes) => {
            out.push(109);
            counted(bytes, out);
        }
        T::Bits(bytes, bits) => {
            out.push(77);
            out.extend((bytes.len() as u32).to_be_bytes());
            out.push(*bits);
            out.extend(bytes);
            // Bits that do not count may be anything.
            *out.last_mut().unwrap() |= [0, 0xFF][choose(2)] >> bits;
        }
        T::Bytes(bytes) => {
            if choose(2) == 0 {
                out.push(107);
                out.extend((bytes.len() as u16).to_be_bytes());
                out.extend(bytes);
            } else {
                head(108, bytes.len(), out);
                bytes.iter().for_each(|byte| integer((*byte).into(), choose, out));
                tail(choose, out);
            }
        }
        T::Nil => tail(choose, out),
        T::List(elements, last) => {
            // What two lists say, the second as the tail of the first, one list could.
            let cut =
                if elements.len() > 1 && choose(3) == 2 { 1 + choose(elements.len() - 1) } else { elements.len() };
            head(108, cut, out);
            elements[..cut].iter().for_each(|element| write(element, choose, out));
            if cut < elements.len() {
                head(108, elements.len() - cut, out);
                elements[cut..].iter().for_each(|element| write(element, choose, out));
            }
            match last {
                Some(last) => write(last, choose, out),
                None => tail(choose, out),
            }
        }
        T::Tuple(elements) => {
            tuple(elements.len(), choose, out);
            elements.iter().for_each(|element| write(element, choose, out));
        }
        T::Map(pair) => {
            head(116, usize::from(pair.is_some()), out);
            if let Some(pair) = pair {
                write(&pair.0, choose, out);
                write(&pair.1, choose, out);
            }
        }
        T::Pid(node, numbers) => {
            let old = numbers[2] < 4 && choose(2) == 1;
            out.push(if old { 103 } else { 88 });
            atom(node, choose, out);
            words(&numbers[..2], out);
            if old { out.push(numbers[2] as u8) } else { words(&numbers[2..], out) }
        }
        T::Port(node, id, creation) => {
            let short = *id < 1 << 28;
            let way = if !short { 1 } else { choose(if *creation < 4 { 3 } else { 2 }) };
            out.push([89, 120, 102][way]);
            atom(node, choose, out);
            if way == 1 {
                out.extend(id.to_be_bytes())
            } else {
                words(&[*id as u32], out)
            }
            if way == 2 { out.push(*creation as u8) } else { words(&[*creation], out) }
        }
        T::Reference(node, creation, all) => {
            let old = *creation < 4 && all[0] < 1 << 18;
            let way = if old { choose(if all.len() == 1 { 3 } else { 2 }) } else { 0 };
            out.push([90, 114, 101][way]);
            if way < 2 {
                out.extend((all.len() as u16).to_be_bytes());
            }
            atom(node, choose, out);
            match way {
                0 => {
                    words(&[*creation], out);
                    words(all, out);
                }
                1 => {
                    out.push(*creation as u8);
                    words(all, out);
                }
                _ => {
                    words(all, out);
                    out.push(*creation as u8);
                }
            }
        }
        T::Export(module, function, arity) => {
            out.push(113);
            atom(module, choose, out);
            atom(function, choose, out);
            integer((*arity).into(), choose, out);
        }
    }
}

pub(crate) fn integer(value: i128, choose: &mut Choose<'_>, out: &mut Vec<u8>) {
    let way = choose(4);
    if let Ok(small) = u8::try_from(value)
        && way == 0
    {
        return out.extend([97, small]);
    }
    if let Ok(value) = i32::try_from(value)
        && way < 2
    {
        out.push(98);
        return out.extend(value.to_be_bytes());
    }
    let magnitude = value.unsigned_abs().to_le_bytes();
    let significant = magnitude.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let zeros = if way == 0 { 0 } else { choose(12) };
    let sign = u8::from(value < 0);
    if way == 3 {
        head(111, significant + zeros, out);
        out.push(sign);
    } else {
        out.extend([110, (significant + zeros) as u8, sign]);
    }
    out.extend(&magnitude[..significant]);
    out.resize(out.len() + zeros, 0);
}

pub(crate) fn atom(name: &str, choose: &mut Choose<'_>, out: &mut Vec<u8>) {
    let latin1: Option<Vec<u8>> = name.chars().map(|c| u8::try_from(c).ok()).collect();
    let utf8 = name.as_bytes();
    match (choose(4), latin1) {
        (2, Some(name)) if name.len() < 256 => {
            out.extend([115, name.len() as u8]);
            out.extend(name);
        }
        (3, Some(name)) => {
            out.push(100);
            out.extend((name.len() as u16).to_be_bytes());
            out.extend(name);
        }
        (0, _) if utf8.len() < 256 => {
            out.extend([119, utf8.len() as u8]);
            out.extend(utf8);
        }
        _ => {
            out.push(118);
            out.extend((utf8.len() as u16).to_be_bytes());
            out.extend(utf8);
        }
    }
}

pub(crate) fn tuple(arity: usize, choose: &mut Choose<'_>, out: &mut Vec<u8>) {
    match u8::try_from(arity) {
        Ok(arity) if choose(2) == 0 => out.extend([104, arity]),
        _ => head(105, arity, out),
    }
}

/// The empty list, also as `STRING_EXT` and `LIST_EXT` without elements.
fn tail(choose: &mut Choose<'_>, out: &mut Vec<u8>) {
    match choose(6) {
        4 => out.extend([107, 0, 0]),
        5 => out.extend([108, 0, 0, 0, 0, 106]),
        _ => out.push(106),
    }
}

fn head(tag: u8, count: usize, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend((count as u32).to_be_bytes());
}

fn counted(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend((bytes.len() as u32).to_be_bytes());
    out.extend(bytes);
}

fn words(all: &[u32], out: &mut Vec<u8>) {
    all.iter().for_each(|word| out.extend(word.to_be_bytes()));
}

/// Names of atoms and nodes: around the lengths at which they are held, read and written in other ways.
pub(crate) fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,9}",
        2 => "[a-z@.]{14,36}",
        1 => "[a-zé]{0,30}",
        1 => ".{0,12}",
        1 => "[aé]{250,255}",
        1 => Just(String::new()),
    ]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![0..4_u32, any::<u32>()]
}

/// Terms that contain no others.
pub(crate) fn scalar() -> impl Strategy<Value = T> {
    let edges: Vec<i128> = [0, 7, 8, 31, 32, 63, 64, 100]
        .into_iter()
        .flat_map(|bits| [-1, 0, 1].map(|more| (1_i128 << bits) + more))
        .flat_map(|edge| [edge, -edge])
        .collect();
    prop_oneof![
        3 => (0..=255_i128).prop_map(T::Int),
        3 => any::<i32>().prop_map(|value| T::Int(value.into())),
        2 => select(edges).prop_map(T::Int),
        1 => any::<i128>().prop_map(T::Int),
        1 => any::<i64>().prop_map(|value| T::Int(value.into())),
        2 => any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(T::Float),
        1 => (-4..40_i32).prop_map(|value| T::Float(f64::from(value) / 4.0)),
        4 => name().prop_map(T::Atom),
        4 => vec(any::<u8>(), 0..40).prop_map(T::Binary),
        1 => vec(any::<u8>(), 250..300).prop_map(T::Binary),
        2 => (vec(any::<u8>(), 1..40), 1..8_u8).prop_map(|(mut bytes, bits)| {
            *bytes.last_mut().unwrap() &= !(0xFF >> bits);
            T::Bits(bytes, bits)
        }),
        2 => vec(any::<u8>(), 1..40).prop_map(T::Bytes),
        1 => Just(T::Nil),
        2 => (name(), small(), small(), small()).prop_map(|(node, a, b, c)| T::Pid(node, [a, b, c])),
        1 => (name(), prop_oneof![0..1_u64 << 30, any::<u64>()], small()).prop_map(|(node, id, c)| T::Port(node, id, c)),
        2 => (name(), small(), vec(small(), 1..=5)).prop_map(|(node, c, words)| T::Reference(node, c, words)),
        1 => (name(), name(), any::<u8>()).prop_map(|(module, function, arity)| T::Export(module, function, arity)),
    ]
}

/// All terms.
pub(crate) fn term() -> impl Strategy<Value = T> {
    scalar().prop_recursive(3, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(T::Tuple),
            (vec(inner.clone(), 1..6), inner.clone()).prop_map(|(elements, last)| list(elements, last)),
            (inner.clone(), inner).prop_map(|pair| T::Map(Some(Box::new(pair)))),
            Just(T::Map(None)),
        ]
    })
}

/// A list of these, improper if `last` can be no list.
fn list(elements: Vec<T>, last: T) -> T {
    let last = if matches!(last, T::Nil | T::Bytes(_) | T::List(..)) { None } else { Some(Box::new(last)) };
    let bytes = elements.iter().map(|element| match element {
        T::Int(value) => u8::try_from(*value).ok(),
        _ => None,
    });
    match (bytes.collect(), last) {
        (Some(bytes), None) => T::Bytes(bytes),
        (_, last) => T::List(elements, last),
    }
}
