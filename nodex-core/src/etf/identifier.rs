//! Reading pids, ports and references.

use super::{Decoder, EtfError, Kind, tag};
use crate::{
    convert::DecodeError,
    term::{Pid, Port, Reference},
};

impl Decoder<'_> {
    /// A pid.
    pub fn pid(&mut self) -> Result<Pid, DecodeError> {
        let offset = self.pos;
        let tag = self.peek_tag();
        if !matches!(tag, tag::NEW_PID_EXT | tag::PID_EXT) {
            return Err(self.mismatch("pid"));
        }
        self.pos += 1;
        let node = self.atom()?;
        let (id, serial) = (self.u32()?, self.u32()?);
        let creation = self.creation(tag == tag::NEW_PID_EXT, offset, Kind::Pid)?;
        Ok(Pid { node, id, serial, creation })
    }

    /// A port.
    pub fn port(&mut self) -> Result<Port, DecodeError> {
        let offset = self.pos;
        let tag = self.peek_tag();
        if !matches!(tag, tag::V4_PORT_EXT | tag::NEW_PORT_EXT | tag::PORT_EXT) {
            return Err(self.mismatch("port"));
        }
        self.pos += 1;
        let node = self.atom()?;
        let id = if tag == tag::V4_PORT_EXT { u64::from_be_bytes(self.array()?) } else { self.u32()?.into() };
        let creation = self.creation(tag != tag::PORT_EXT, offset, Kind::Port)?;
        Ok(Port { node, id, creation })
    }

    /// A reference.
    pub fn reference(&mut self) -> Result<Reference, DecodeError> {
        let offset = self.pos;
        let tag = self.peek_tag();
        if !matches!(tag, tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT) {
            return Err(self.mismatch("reference"));
        }
        self.pos += 1;
        let count = if tag == tag::REFERENCE_EXT { 1 } else { usize::from(self.u16()?) };
        let bad_length = || EtfError::ReferenceLength { offset, words: count };
        let node = self.atom()?;
        let mut words = [0; Reference::MAX_WORDS];
        let words = words.get_mut(..count).ok_or_else(bad_length)?;
        let creation;
        if tag == tag::REFERENCE_EXT {
            words[0] = self.u32()?;
            creation = self.creation(false, offset, Kind::Reference)?;
        } else {
            creation = self.creation(tag == tag::NEWER_REFERENCE_EXT, offset, Kind::Reference)?;
            for word in words.iter_mut() {
                *word = self.u32()?;
            }
        }
        // The forms of before OTP 23 have 18 bits of the first word.
        if tag != tag::NEWER_REFERENCE_EXT && words.first().is_some_and(|word| word >> 18 != 0) {
            return Err(EtfError::Identifier { offset, kind: Kind::Reference }.into());
        }
        Reference::new(node, creation, words).ok_or_else(|| bad_length().into())
    }

    /// The incarnation of a node: 32 bits, or one byte with two bits in the forms of before OTP 23.
    fn creation(&mut self, wide: bool, offset: usize, kind: Kind) -> Result<u32, EtfError> {
        if wide {
            return self.u32();
        }
        match self.u8()? {
            creation @ 0..=3 => Ok(creation.into()),
            _ => Err(EtfError::Identifier { offset, kind }),
        }
    }
}
