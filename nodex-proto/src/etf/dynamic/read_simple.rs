//! Bytes to the dynamic term: the terms that contain no others.

use std::borrow::Cow;

use eetf::{BigInteger, BitBinary, ByteList, ExternalFun, FixInteger};

use super::open::{OVERHEAD, Place, REFERENCE, Reader};
use crate::{
    etf::{DecodeError, EtfError, Integer, Kind, List, big_integer, tag},
    term::{Term, mask_bits},
};

impl Reader<'_, '_> {
    /// Appends the next term, which is none that contains others.
    #[inline(always)]
    pub(super) fn simple(&mut self, place: &mut impl Place) -> Result<(), DecodeError> {
        match self.decoder.peek_tag() {
            tag::SMALL_INTEGER_EXT => {
                let [_, value] = self.decoder.array()?;
                place.put(|| Term::FixInteger(FixInteger { value: value.into() }));
            }
            tag::INTEGER_EXT => {
                let [_, a, b, c, d] = self.decoder.array()?;
                place.put(|| Term::FixInteger(FixInteger { value: i32::from_be_bytes([a, b, c, d]) }));
            }
            tag::SMALL_ATOM_UTF8_EXT => {
                let atom = self.atom()?;
                place.put(|| Term::Atom(atom));
            }
            tag::BINARY_EXT => {
                let binary = self.decoder.binary()?;
                self.charge(binary.len() + OVERHEAD)?;
                place.put(|| Term::Binary(eetf::Binary { bytes: binary.to_vec() }));
            }
            tag::NEW_FLOAT_EXT => {
                let value = self.decoder.float()?;
                place.put(|| Term::Float(eetf::Float { value }));
            }
            tag::NIL_EXT => {
                self.decoder.pos += 1;
                place.put(|| Term::List(eetf::List { elements: Vec::new() }));
            }
            _ => self.rare(place)?,
        }
        Ok(())
    }

    /// What is not so common.
    #[inline(never)]
    fn rare(&mut self, place: &mut impl Place) -> Result<(), DecodeError> {
        let offset = self.decoder.pos;
        let term = match self.decoder.peek_tag() {
            tag::STRING_EXT => match self.decoder.list()? {
                List::Bytes([]) => eetf::List::nil().into(),
                List::Bytes(bytes) => {
                    self.charge(bytes.len() + OVERHEAD)?;
                    ByteList { bytes: bytes.to_vec() }.into()
                }
                List::Elements(_) => return Err(self.decoder.mismatch("term")),
            },
            tag::ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT | tag::ATOM_EXT => self.atom()?.into(),
            tag::FLOAT_EXT => eetf::Float { value: self.decoder.float()? }.into(),
            tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => match self.decoder.any_integer("integer")? {
                Integer::Small(value) => match i32::try_from(value) {
                    Ok(value) => FixInteger { value }.into(),
                    Err(_) => BigInteger { value: value.into() }.into(),
                },
                Integer::Big { negative, digits } => {
                    self.charge(digits.len() + OVERHEAD)?;
                    BigInteger { value: big_integer(negative, digits) }.into()
                }
            },
            tag::NEW_PID_EXT | tag::PID_EXT => self.pid()?.into(),
            tag::NEW_PORT_EXT | tag::PORT_EXT | tag::V4_PORT_EXT => {
                let parts = self.decoder.port_parts()?;
                let node = self.owned(parts.0)?;
                eetf::Port { node, id: parts.1, creation: parts.2 }.into()
            }
            tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT => {
                let reference = self.reference()?;
                place.put(|| Term::Reference(reference));
                return Ok(());
            }
            tag::BIT_BINARY_EXT => {
                let (bytes, bits) = self.decoder.bit_string()?;
                self.charge(bytes.len() + OVERHEAD)?;
                bit_binary(bytes.to_vec(), bits)
            }
            tag::EXPORT_EXT => self.export(offset)?,
            tag::RECORD_EXT => return Err(EtfError::Opaque { offset, kind: Kind::Record }.into()),
            tag::LOCAL_EXT => return Err(EtfError::Opaque { offset, kind: Kind::Local }.into()),
            _ => return Err(self.decoder.mismatch("term")),
        };
        place.put(|| term);
        Ok(())
    }

    fn reference(&mut self) -> Result<Box<eetf::Reference>, DecodeError> {
        let parts = self.decoder.reference_parts()?;
        self.charge(REFERENCE - OVERHEAD)?;
        let node = self.owned(parts.node)?;
        let id = parts.words[..parts.len].to_vec();
        Ok(Box::new(eetf::Reference { node, id, creation: parts.creation }))
    }

    fn owned(&mut self, name: Cow<'_, str>) -> Result<eetf::Atom, EtfError> {
        self.charge(name.len() + OVERHEAD)?;
        Ok(eetf::Atom { name: name.into_owned() })
    }

    pub(super) fn atom(&mut self) -> Result<eetf::Atom, DecodeError> {
        let name = self.decoder.atom_name()?;
        Ok(self.owned(name)?)
    }

    pub(super) fn pid(&mut self) -> Result<eetf::Pid, DecodeError> {
        let (node, [id, serial, creation]) = self.decoder.pid_parts()?;
        Ok(eetf::Pid { node: self.owned(node)?, id, serial, creation })
    }

    fn export(&mut self, offset: usize) -> Result<Term, DecodeError> {
        self.decoder.pos += 1;
        self.charge(size_of::<ExternalFun>() + OVERHEAD)?;
        let (module, function) = (self.atom()?, self.atom()?);
        match self.decoder.any_integer("arity")? {
            Integer::Small(arity) if arity < 0 => Err(EtfError::Fun { offset }.into()),
            Integer::Small(arity) if arity <= 255 => Ok(ExternalFun { module, function, arity: arity as u8 }.into()),
            _ => Err(EtfError::Opaque { offset, kind: Kind::Fun }.into()),
        }
    }
}

fn bit_binary(mut bytes: Vec<u8>, bits: u8) -> Term {
    if bits == 8 {
        return eetf::Binary { bytes }.into();
    }
    mask_bits(&mut bytes, bits);
    BitBinary { bytes, tail_bits_size: bits }.into()
}
