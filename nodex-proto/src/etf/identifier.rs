//! Reading pids, ports and references.

use super::{Decoder, EtfError, Kind, tag};
use crate::{
    etf::DecodeError,
    term::{Pid, Port, Reference},
};

impl Decoder<'_> {
    /// Reads a pid.
    #[inline]
    pub fn pid(&mut self) -> Result<Pid, DecodeError> {
        let (tag, offset) = self.pid_tag()?;
        let node = self.atom()?;
        let [id, serial, creation] = self.pid_numbers(tag, offset)?;
        Ok(Pid { node, id, serial, creation })
    }

    #[inline]
    fn pid_tag(&mut self) -> Result<(u8, usize), DecodeError> {
        let (tag, offset) = (self.peek_tag(), self.pos);
        if !matches!(tag, tag::NEW_PID_EXT | tag::PID_EXT) {
            return Err(self.mismatch("pid"));
        }
        self.pos += 1;
        Ok((tag, offset))
    }

    /// Id, serial and creation.
    #[inline]
    fn pid_numbers(&mut self, tag: u8, offset: usize) -> Result<[u32; 3], DecodeError> {
        let (id, serial) = (self.u32()?, self.u32()?);
        Ok([id, serial, self.creation(tag == tag::NEW_PID_EXT, offset, Kind::Pid)?])
    }

    /// Reads a port.
    #[inline]
    pub fn port(&mut self) -> Result<Port, DecodeError> {
        let (tag, offset) = self.port_tag()?;
        let node = self.atom()?;
        let (id, creation) = self.port_numbers(tag, offset)?;
        Ok(Port { node, id, creation })
    }

    #[inline]
    fn port_tag(&mut self) -> Result<(u8, usize), DecodeError> {
        let (tag, offset) = (self.peek_tag(), self.pos);
        if !matches!(tag, tag::V4_PORT_EXT | tag::NEW_PORT_EXT | tag::PORT_EXT) {
            return Err(self.mismatch("port"));
        }
        self.pos += 1;
        Ok((tag, offset))
    }

    /// Id and creation.
    #[inline]
    fn port_numbers(&mut self, tag: u8, offset: usize) -> Result<(u64, u32), DecodeError> {
        let id = if tag == tag::V4_PORT_EXT { u64::from_be_bytes(self.array()?) } else { self.u32()?.into() };
        Ok((id, self.creation(tag != tag::PORT_EXT, offset, Kind::Port)?))
    }

    /// Reads a reference.
    #[inline]
    pub fn reference(&mut self) -> Result<Reference, DecodeError> {
        let (tag, offset, len) = self.reference_head()?;
        let node = self.atom()?;
        let (creation, words) = self.reference_numbers(tag, offset, len)?;
        Ok(Reference::of_words(node, creation, words, len as u8))
    }

    /// Tag, offset and the number of words.
    #[inline]
    fn reference_head(&mut self) -> Result<(u8, usize, usize), DecodeError> {
        let (tag, offset) = (self.peek_tag(), self.pos);
        if !matches!(tag, tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT) {
            return Err(self.mismatch("reference"));
        }
        self.pos += 1;
        let len = if tag == tag::REFERENCE_EXT { 1 } else { usize::from(self.u16()?) };
        if len == 0 || len > Reference::MAX_WORDS {
            return Err(EtfError::ReferenceLength { offset, words: len }.into());
        }
        Ok((tag, offset, len))
    }

    /// Creation and words.
    #[inline(always)]
    fn reference_numbers(
        &mut self,
        tag: u8,
        offset: usize,
        len: usize,
    ) -> Result<(u32, [u32; Reference::MAX_WORDS]), DecodeError> {
        let mut words = [0; Reference::MAX_WORDS];
        let creation;
        if tag == tag::REFERENCE_EXT {
            words[0] = self.u32()?;
            creation = self.creation(false, offset, Kind::Reference)?;
        } else {
            creation = self.creation(tag == tag::NEWER_REFERENCE_EXT, offset, Kind::Reference)?;
            for (chunk, word) in self.take(4 * len)?.as_chunks::<4>().0.iter().zip(&mut words) {
                *word = u32::from_be_bytes(*chunk);
            }
        }
        // The forms of before OTP 23 have 18 bits of the first word.
        if tag != tag::NEWER_REFERENCE_EXT && words[0] >> 18 != 0 {
            return Err(EtfError::Identifier { offset, kind: Kind::Reference }.into());
        }
        Ok((creation, words))
    }

    /// Reads the creation of a node: 32 bits, or one byte with two bits in the forms before OTP 23.
    #[inline]
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
