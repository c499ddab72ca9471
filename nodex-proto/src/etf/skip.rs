//! Finds the end of a term without building it.
//!
//! What a BEAM would refuse to receive is refused here too, so that a term may be passed on unseen. The exceptions:
//! equal map keys that are encoded differently, and integers of more than 524,280 bytes, which OTP 29 refuses and
//! OTP 25 does not. On the other side some terms are refused that a BEAM would take and none writes: signs other than
//! 0 and 1, references of no words, funs whose size field lies, and the internal tags 73 and 75.

use super::{EtfError, Kind, MAX_ARITY, MAX_INTEGER_BYTES, VERSION, ascii::short_name, float_text, tag};

/// Returns the term at the front if it is one of the commonest: a binary, a short ASCII atom, an integer of at most 32
/// bits.
#[inline(always)]
pub(crate) fn simple(bytes: &[u8]) -> Option<&[u8]> {
    match *bytes {
        [tag::BINARY_EXT, a, b, c, d, ..] => bytes.get(..5 + u32::from_be_bytes([a, b, c, d]) as usize),
        [tag::SMALL_ATOM_UTF8_EXT, len, ..] => bytes.get(..2 + usize::from(len)).filter(|atom| atom[2..].is_ascii()),
        [tag::SMALL_INTEGER_EXT, ..] => bytes.get(..2),
        [tag::INTEGER_EXT, ..] => bytes.get(..5),
        _ => None,
    }
}

/// Offset of the first byte after the term that starts at `start`.
pub(crate) fn end_of_term(bytes: &[u8], start: usize) -> Result<usize, EtfError> {
    // A format known to its sender only has no end of its own, so it is one only in the place of a whole message.
    if bytes.get(start) == Some(&tag::LOCAL_EXT) && (start == 0 || (start == 1 && bytes[0] == VERSION)) {
        return Ok(bytes.len());
    }
    Walk { bytes, at: start }.term()
}

/// Of a fun that starts at `start`: how many free variables it has, where they begin, and where it says that it ends.
pub(crate) fn fun_head(bytes: &[u8], start: usize) -> Result<(usize, usize, usize), EtfError> {
    let mut walk = Walk { bytes, at: start };
    let (free, end) = walk.fun_head()?;
    Ok((free, walk.at, end))
}

/// A fun that is being read: the terms that follow it, and the end that its length field says.
struct Fun {
    due: u64,
    start: usize,
    end: usize,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    /// Keeps only the number of terms that are still due, and the funs that are open.
    fn term(mut self) -> Result<usize, EtfError> {
        let mut funs: Vec<Fun> = Vec::new();
        let mut due: u64 = 1;
        loop {
            due -= 1;
            let at = self.at;
            // A count is at most 2^32 and `due` at most the number of bytes, so this does not overflow.
            match self.peek(0)? {
                tag::SMALL_INTEGER_EXT => self.pass(2)?,
                tag::INTEGER_EXT => self.pass(5)?,
                tag::SMALL_ATOM_UTF8_EXT => {
                    let len = self.peek(1)?;
                    if short_name(&self.bytes[at + 2..], len).is_some() {
                        self.at += 2 + usize::from(len);
                    } else {
                        self.atom()?;
                    }
                }
                tag::ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT | tag::ATOM_EXT => {
                    self.atom()?;
                }
                tag::BINARY_EXT => {
                    let len = self.u32(1)?;
                    self.pass(5)?;
                    self.pass(len)?;
                }
                tag::SMALL_TUPLE_EXT => {
                    due += u64::from(self.peek(1)?);
                    self.pass(2)?;
                }
                tag::NIL_EXT => self.pass(1)?,
                tag::LIST_EXT => {
                    due += self.u32(1)? as u64 + 1;
                    self.pass(5)?;
                }
                tag::STRING_EXT => {
                    let len = self.u16(1)?;
                    self.pass(3 + len)?;
                }
                tag::MAP_EXT => {
                    due += 2 * self.u32(1)? as u64;
                    self.pass(5)?;
                }
                tag::NEW_PID_EXT
                | tag::PID_EXT
                | tag::NEW_PORT_EXT
                | tag::PORT_EXT
                | tag::V4_PORT_EXT
                | tag::NEWER_REFERENCE_EXT
                | tag::NEW_REFERENCE_EXT
                | tag::REFERENCE_EXT => self.identifier()?,
                tag::NEW_FLOAT_EXT => {
                    // Infinities and NaN have all exponent bits set.
                    if self.u16(1)? & 0x7FF0 == 0x7FF0 {
                        return Err(EtfError::NonFinite { offset: at });
                    }
                    self.pass(9)?;
                }
                tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => self.big()?,
                tag::LARGE_TUPLE_EXT => {
                    let arity = self.u32(1)?;
                    if arity > MAX_ARITY {
                        return Err(EtfError::Arity { offset: at, arity });
                    }
                    due += arity as u64;
                    self.pass(5)?;
                }
                tag::BIT_BINARY_EXT => {
                    let (len, bits) = (self.u32(1)?, self.peek(5)?);
                    if bits == 0 || bits > 8 || len == 0 {
                        return Err(EtfError::BitCount { offset: at + 5, bits });
                    }
                    self.pass(6)?;
                    self.pass(len)?;
                }
                tag::FLOAT_EXT => {
                    let text = self.bytes.get(at + 1..at + 32).ok_or_else(|| self.cut())?;
                    float_text(text).ok_or(EtfError::FloatText { offset: at })?;
                    self.pass(32)?;
                }
                tag::EXPORT_EXT => self.export()?,
                tag::NEW_FUN_EXT => {
                    let (free, end) = self.fun_head()?;
                    funs.push(Fun { due, start: at, end });
                    due = free as u64;
                }
                tag::RECORD_EXT => due += self.record_head()? as u64,
                tag::LOCAL_EXT => return Err(EtfError::Local { offset: at }),
                tag::COMPRESSED => return Err(EtfError::Compressed { offset: at }),
                tag => return Err(EtfError::UnknownTag { offset: at, tag }),
            }
            // Every term takes at least a byte, so a count beyond what is left cannot be met.
            if due > (self.bytes.len() - self.at) as u64 {
                return Err(self.cut());
            }
            while due == 0 {
                match funs.pop() {
                    None => return Ok(self.at),
                    Some(fun) if fun.end == self.at => due = fun.due,
                    Some(fun) => return Err(EtfError::Fun { offset: fun.start }),
                }
            }
        }
    }

    #[cold]
    fn cut(&self) -> EtfError {
        EtfError::Truncated { offset: self.bytes.len() }
    }

    #[inline]
    fn peek(&self, ahead: usize) -> Result<u8, EtfError> {
        self.bytes.get(self.at + ahead).copied().ok_or_else(|| self.cut())
    }

    #[inline]
    fn field<const N: usize>(&self, ahead: usize) -> Result<[u8; N], EtfError> {
        let from = self.bytes.get(self.at + ahead..).and_then(|rest| rest.first_chunk());
        from.copied().ok_or_else(|| self.cut())
    }

    #[inline]
    fn u16(&self, ahead: usize) -> Result<usize, EtfError> {
        self.field(ahead).map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    #[inline]
    fn u32(&self, ahead: usize) -> Result<usize, EtfError> {
        self.field(ahead).map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    #[inline]
    fn pass(&mut self, count: usize) -> Result<(), EtfError> {
        if count > self.bytes.len() - self.at {
            return Err(self.cut());
        }
        self.at += count;
        Ok(())
    }

    /// Returns where the name starts.
    #[inline(never)]
    fn atom(&mut self) -> Result<usize, EtfError> {
        let offset = self.at;
        let tag = self.peek(0)?;
        let (head, len) = match tag {
            tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT => (2, usize::from(self.peek(1)?)),
            tag::ATOM_UTF8_EXT | tag::ATOM_EXT => (3, self.u16(1)?),
            tag => return Err(EtfError::UnknownTag { offset, tag }),
        };
        self.pass(head + len)?;
        let latin1 = matches!(tag, tag::SMALL_ATOM_EXT | tag::ATOM_EXT);
        if len > 255 || !latin1 {
            check_name(&self.bytes[offset + head..self.at], latin1, offset)?;
        }
        Ok(offset + head)
    }

    fn identifier(&mut self) -> Result<(), EtfError> {
        let offset = self.at;
        let tag = self.peek(0)?;
        let mut words = 1;
        match tag {
            tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT => {
                words = self.u16(1)?;
                if words == 0 || words > 5 {
                    return Err(EtfError::ReferenceLength { offset, words });
                }
                self.pass(3)?;
            }
            _ => self.pass(1)?,
        }
        self.atom()?;
        let bad = |kind| Err(EtfError::Identifier { offset, kind });
        // The forms of before OTP 23 have two bits of creation and 18 bits of a reference's first word.
        match tag {
            tag::NEW_PID_EXT | tag::V4_PORT_EXT => self.pass(12),
            tag::NEW_PORT_EXT => self.pass(8),
            tag::NEWER_REFERENCE_EXT => self.pass(4 + 4 * words),
            tag::PID_EXT if self.peek(8)? > 3 => bad(Kind::Pid),
            tag::PID_EXT => self.pass(9),
            tag::PORT_EXT if self.peek(4)? > 3 => bad(Kind::Port),
            tag::PORT_EXT => self.pass(5),
            tag::NEW_REFERENCE_EXT if self.peek(0)? > 3 || self.u32(1)? >> 18 != 0 => bad(Kind::Reference),
            tag::NEW_REFERENCE_EXT => self.pass(1 + 4 * words),
            _ if self.u32(0)? >> 18 != 0 || self.peek(4)? > 3 => bad(Kind::Reference),
            _ => self.pass(5),
        }
    }

    fn big(&mut self) -> Result<(), EtfError> {
        let offset = self.at;
        let (head, len) = match self.peek(0)? {
            tag::SMALL_BIG_EXT => (2, usize::from(self.peek(1)?)),
            _ => (5, self.u32(1)?),
        };
        let sign = self.peek(head)?;
        if sign > 1 {
            return Err(EtfError::Sign { offset: offset + head, sign });
        }
        if len > MAX_INTEGER_BYTES {
            return Err(EtfError::IntegerLength { offset, bytes: len });
        }
        self.pass(head + 1 + len)
    }

    /// Reads an integer that fits the immediate form of a 64-bit BEAM, 60 bits, as funs need them.
    fn small_integer(&mut self, fun: usize) -> Result<i64, EtfError> {
        let start = self.at;
        let bad = || EtfError::Fun { offset: fun };
        match self.peek(0)? {
            tag::SMALL_INTEGER_EXT => {
                self.pass(2)?;
                Ok(self.bytes[start + 1].into())
            }
            tag::INTEGER_EXT => {
                let value = i32::from_be_bytes(self.field(1)?);
                self.pass(5)?;
                Ok(value.into())
            }
            tag @ (tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT) => {
                self.big()?;
                let head = if tag == tag::SMALL_BIG_EXT { 2 } else { 5 };
                let digits = &self.bytes[start + head + 1..self.at];
                let significant = digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
                let mut all = [0; 8];
                all.get_mut(..significant).ok_or_else(bad)?.copy_from_slice(&digits[..significant]);
                let magnitude = i64::try_from(u64::from_le_bytes(all)).map_err(|_| bad())?;
                let value = if self.bytes[start + head] == 1 { -magnitude } else { magnitude };
                if (-(1 << 59)..1 << 59).contains(&value) { Ok(value) } else { Err(bad()) }
            }
            _ => Err(bad()),
        }
    }

    fn export(&mut self) -> Result<(), EtfError> {
        let offset = self.at;
        self.pass(1)?;
        self.atom()?;
        self.atom()?;
        if self.small_integer(offset)? < 0 {
            return Err(EtfError::Fun { offset });
        }
        Ok(())
    }

    /// Reads everything of a fun in front of its free variables; returns their number and the fun's end.
    fn fun_head(&mut self) -> Result<(usize, usize), EtfError> {
        let offset = self.at;
        let (size, free) = (self.u32(1)?, self.u32(26)?);
        // A fun has at most 255 arguments, free variables included (`MAX_ARG` of OTP's `erl_fun.h`).
        if free > 255 {
            return Err(EtfError::Fun { offset });
        }
        self.pass(30)?;
        self.atom()?;
        self.small_integer(offset)?;
        self.small_integer(offset)?;
        match self.peek(0)? {
            tag::NEW_PID_EXT | tag::PID_EXT => self.identifier()?,
            _ => return Err(EtfError::Fun { offset }),
        }
        Ok((free, offset + 1 + size))
    }

    /// Reads everything of a native record in front of its values, as OTP 29 writes it: the number of fields (four
    /// bytes), 1 if it is exported and 0 if not, module, name, and the fields' names. Gives the number of values.
    fn record_head(&mut self) -> Result<usize, EtfError> {
        let offset = self.at;
        let (count, exported) = (self.u32(1)?, self.peek(5)?);
        if exported > 1 {
            return Err(EtfError::Record { offset });
        }
        self.pass(6)?;
        self.atom()?;
        self.atom()?;
        // A name and a value take three bytes at least.
        if count > (self.bytes.len() - self.at) / 3 {
            return Err(self.cut());
        }
        let mut names = Vec::with_capacity(count);
        for _ in 0..count {
            let start = self.atom()?;
            names.push(&self.bytes[start..self.at]);
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(EtfError::Record { offset });
        }
        Ok(count)
    }
}

/// At most 255 characters of Latin-1 or valid UTF-8.
fn check_name(name: &[u8], latin1: bool, offset: usize) -> Result<(), EtfError> {
    if !latin1 && !name.is_ascii() {
        std::str::from_utf8(name).map_err(|_| EtfError::AtomUtf8 { offset })?;
    }
    if name.len() > 255 {
        let characters = match latin1 {
            true => name.len(),
            false => name.iter().filter(|&&byte| byte & 0xC0 != 0x80).count(),
        };
        if characters > 255 {
            return Err(EtfError::AtomLength { offset, characters });
        }
    }
    Ok(())
}
