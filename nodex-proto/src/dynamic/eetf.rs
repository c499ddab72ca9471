//! Terms of the crate eetf.

use ::eetf::{BigInteger, BitBinary, ByteList, FixInteger, InternalFun};
use num_bigint::BigInt;

use super::{children::Children, kind::TermKind, normal::put_digits, parts::Fun, term::Term, view::TermRef};
use crate::{
    error::Chain,
    etf::{Cause, DecodeError, EncodeError, Encoder, EtfError, Integer, Kind, big_integer, tag},
    term::{Pid, Reference},
};

/// How deep converted terms may be nested, because those of eetf are dropped and printed by recursion.
const MAX_DEPTH: u32 = 512;

impl TryFrom<&eetf::Term> for Term {
    type Error = EncodeError;

    /// # Errors
    /// Returns an error for terms that no BEAM accepts, or that are nested more than 512 levels deep.
    fn try_from(term: &eetf::Term) -> Result<Term, EncodeError> {
        let mut out = Encoder::new();
        put(&mut out, term, MAX_DEPTH)?;
        // The rest has been handled.
        Term::of_own(out.to_vec()).map_err(|error| match error.cause() {
            Cause::Malformed(EtfError::DuplicateKey { .. }) => EncodeError::DuplicateKey,
            _ => EncodeError::other(Chain(&error).to_string()),
        })
    }
}

impl TryFrom<eetf::Term> for Term {
    type Error = EncodeError;

    /// # Errors
    /// Returns an error for terms that no BEAM accepts, or that are nested more than 512 levels deep.
    fn try_from(term: eetf::Term) -> Result<Term, EncodeError> {
        Term::try_from(&term)
    }
}

impl TryFrom<TermRef<'_>> for eetf::Term {
    type Error = DecodeError;

    /// # Errors
    /// Returns an error for terms that are nested more than 512 levels deep, or that eetf cannot represent.
    fn try_from(term: TermRef<'_>) -> Result<eetf::Term, DecodeError> {
        get(term, MAX_DEPTH)
    }
}

impl TryFrom<&Term> for eetf::Term {
    type Error = DecodeError;

    /// # Errors
    /// Returns an error for terms that are nested more than 512 levels deep, or that eetf cannot represent.
    fn try_from(term: &Term) -> Result<eetf::Term, DecodeError> {
        get(term.as_ref(), MAX_DEPTH)
    }
}

fn put_all(out: &mut Encoder, terms: &[eetf::Term], depth: u32) -> Result<(), EncodeError> {
    terms.iter().try_for_each(|term| put(out, term, depth))
}

fn put_pid(out: &mut Encoder, pid: &eetf::Pid) -> Result<(), EncodeError> {
    out.put_u8(tag::NEW_PID_EXT);
    out.put_atom_name(&pid.node.name)?;
    [pid.id, pid.serial, pid.creation].iter().for_each(|number| out.put_slice(&number.to_be_bytes()));
    Ok(())
}

fn put(out: &mut Encoder, term: &eetf::Term, depth: u32) -> Result<(), EncodeError> {
    let Some(inside) = depth.checked_sub(1) else {
        return Err(EncodeError::other(format!("a term of eetf that is nested deeper than {MAX_DEPTH} levels")));
    };
    match term {
        eetf::Term::Atom(atom) => out.put_atom_name(&atom.name)?,
        eetf::Term::FixInteger(integer) => out.put_i64(integer.value.into()),
        eetf::Term::BigInteger(integer) => {
            let (sign, digits) = integer.value.to_bytes_le();
            put_digits(out, sign == num_bigint::Sign::Minus, &digits);
        }
        eetf::Term::Float(float) => out.put_float(float.value)?,
        eetf::Term::Pid(pid) => put_pid(out, pid)?,
        eetf::Term::Port(port) => {
            out.put_u8(tag::V4_PORT_EXT);
            out.put_atom_name(&port.node.name)?;
            out.put_slice(&port.id.to_be_bytes());
            out.put_slice(&port.creation.to_be_bytes());
        }
        eetf::Term::Reference(reference) => {
            let words = reference.id.len();
            if words == 0 || words > Reference::MAX_WORDS {
                return Err(EncodeError::ReferenceLength { words });
            }
            out.put_slice(&[tag::NEWER_REFERENCE_EXT, 0, words as u8]);
            out.put_atom_name(&reference.node.name)?;
            out.put_slice(&reference.creation.to_be_bytes());
            reference.id.iter().for_each(|word| out.put_slice(&word.to_be_bytes()));
        }
        eetf::Term::ExternalFun(fun) => {
            out.put_u8(tag::EXPORT_EXT);
            out.put_atom_name(&fun.module.name)?;
            out.put_atom_name(&fun.function.name)?;
            out.put_i64(fun.arity.into());
        }
        eetf::Term::InternalFun(fun) => put_fun(out, fun, inside)?,
        eetf::Term::Binary(binary) => out.put_binary(&binary.bytes)?,
        eetf::Term::BitBinary(BitBinary { bytes, tail_bits_size: bits }) => {
            // There the last bits are the lowest of their byte.
            let mut bytes = bytes.clone();
            if let (Some(last), 1..=7) = (bytes.last_mut(), *bits) {
                *last <<= 8 - bits;
            }
            out.put_bit_string(&bytes, *bits)?;
        }
        eetf::Term::ByteList(list) => out.put_byte_list(&list.bytes)?,
        eetf::Term::List(list) if list.elements.is_empty() => out.put_nil(),
        eetf::Term::List(list) => {
            out.put_list(list.elements.len())?;
            put_all(out, &list.elements, inside)?;
            out.put_nil();
        }
        eetf::Term::ImproperList(list) => {
            if !list.elements.is_empty() {
                out.put_list(list.elements.len())?;
            }
            put_all(out, &list.elements, inside)?;
            put(out, &list.last, inside)?;
        }
        eetf::Term::Tuple(tuple) => {
            out.put_tuple(tuple.elements.len())?;
            put_all(out, &tuple.elements, inside)?;
        }
        eetf::Term::Map(map) => {
            out.put_map(map.map.len())?;
            for (key, value) in &map.map {
                put(out, key, inside)?;
                put(out, value, inside)?;
            }
        }
    }
    Ok(())
}

fn put_fun(out: &mut Encoder, fun: &InternalFun, depth: u32) -> Result<(), EncodeError> {
    let InternalFun::New { module, arity, pid, free_vars, index, uniq, old_index, old_uniq } = fun else {
        return Err(EncodeError::OldFun);
    };
    let count = u8::try_from(free_vars.len()).map_err(|_| EncodeError::FreeVariables { count: free_vars.len() })?;
    out.put_u8(tag::NEW_FUN_EXT);
    // The size counts itself.
    let size = out.mark();
    out.put_slice(&[0; 4]);
    out.put_u8(*arity);
    out.put_slice(uniq);
    out.put_slice(&index.to_be_bytes());
    out.put_slice(&u32::from(count).to_be_bytes());
    out.put_atom_name(&module.name)?;
    out.put_i64((*old_index).into());
    out.put_i64((*old_uniq).into());
    put_pid(out, pid)?;
    put_all(out, free_vars, depth)?;
    let count = out.written_since(size);
    out.patch_u32(size, u32::try_from(count).map_err(|_| EncodeError::other("a fun of more than 4 GiB"))?);
    Ok(())
}

fn all(terms: Children<'_>, depth: u32) -> Result<Vec<eetf::Term>, DecodeError> {
    terms.map(|term| get(term, depth)).collect()
}

fn atom(name: &str) -> eetf::Atom {
    eetf::Atom { name: name.to_owned() }
}

fn pid(pid: &Pid) -> eetf::Pid {
    eetf::Pid { node: atom(&pid.node), id: pid.id, serial: pid.serial, creation: pid.creation }
}

fn get(term: TermRef<'_>, depth: u32) -> Result<eetf::Term, DecodeError> {
    let Some(inside) = depth.checked_sub(1) else {
        return Err(EtfError::TooDeep { offset: term.position as usize, limit: MAX_DEPTH }.into());
    };
    Ok(match term.kind() {
        TermKind::Integer(Integer::Small(value)) => match i32::try_from(value) {
            Ok(value) => FixInteger { value }.into(),
            Err(_) => BigInteger { value: BigInt::from(value) }.into(),
        },
        TermKind::Integer(Integer::Big { negative, digits }) => {
            BigInteger { value: big_integer(negative, digits) }.into()
        }
        TermKind::Float(value) => eetf::Float { value }.into(),
        TermKind::Atom(name) => atom(name).into(),
        TermKind::Pid(found) => pid(&found).into(),
        TermKind::Port(port) => eetf::Port { node: atom(&port.node), id: port.id, creation: port.creation }.into(),
        TermKind::Reference(reference) => {
            let id = reference.words().to_vec();
            eetf::Reference { node: atom(&reference.node), id, creation: reference.creation }.into()
        }
        TermKind::ExternalFun(fun) => {
            eetf::ExternalFun { module: atom(fun.module), function: atom(fun.function), arity: fun.arity }.into()
        }
        TermKind::Fun(fun) => internal_fun(&fun, term, inside)?.into(),
        TermKind::Tuple(tuple) => eetf::Tuple { elements: all(tuple.iter(), inside)? }.into(),
        TermKind::List(list) => match list.as_bytes() {
            Some([]) => eetf::List::nil().into(),
            Some(bytes) => ByteList { bytes: bytes.to_vec() }.into(),
            None => eetf::List { elements: all(list.iter(), inside)? }.into(),
        },
        TermKind::ImproperList(list) => {
            let (elements, last) = (all(list.iter(), inside)?, Box::new(get(list.tail(), inside)?));
            eetf::ImproperList { elements, last }.into()
        }
        TermKind::Map(map) => {
            let mut pairs = std::collections::HashMap::with_capacity(map.len());
            for (key, value) in map.iter() {
                pairs.insert(get(key, inside)?, get(value, inside)?);
            }
            eetf::Map { map: pairs }.into()
        }
        TermKind::Binary(bytes) => eetf::Binary { bytes: bytes.to_vec() }.into(),
        TermKind::BitString { bytes, bits } => {
            let mut bytes = bytes.to_vec();
            if let Some(last) = bytes.last_mut() {
                *last >>= 8 - bits;
            }
            BitBinary { bytes, tail_bits_size: bits }.into()
        }
    })
}

fn internal_fun(fun: &Fun<'_>, term: TermRef<'_>, depth: u32) -> Result<InternalFun, DecodeError> {
    let number = |number| {
        i32::try_from(number).map_err(|_| EtfError::Opaque { offset: term.position as usize, kind: Kind::Fun })
    };
    Ok(InternalFun::New {
        module: atom(fun.module),
        arity: fun.arity,
        pid: pid(&fun.pid),
        free_vars: all(fun.free_variables(), depth)?,
        index: fun.index,
        uniq: fun.uniq,
        old_index: number(fun.old_index)?,
        old_uniq: number(fun.old_uniq)?,
    })
}
