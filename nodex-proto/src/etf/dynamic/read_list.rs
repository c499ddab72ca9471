//! Bytes to dynamic terms: the head and the end of a list.

use eetf::FixInteger;

use super::open::{OVERHEAD, Open, Reader, Shape};
use crate::{
    etf::{DecodeError, EtfError, List, tag},
    term::Term,
};

impl Reader<'_, '_> {
    /// The head of a list of some elements.
    pub(super) fn list(&mut self) -> Result<usize, DecodeError> {
        match self.decoder.list()? {
            List::Elements(count) => Ok(count),
            List::Bytes(_) => Err(self.decoder.mismatch("term")),
        }
    }

    /// The elements, if all that follow are `SMALL_INTEGER_EXT` and then the list ends.
    #[inline(always)]
    pub(super) fn small_integers(&mut self, count: usize) -> Result<Option<Vec<u8>>, EtfError> {
        match self.decoder.peek_tag() {
            tag::SMALL_INTEGER_EXT => self.all_small_integers(count),
            _ => Ok(None),
        }
    }

    #[inline(never)]
    fn all_small_integers(&mut self, count: usize) -> Result<Option<Vec<u8>>, EtfError> {
        let rest = &self.decoder.bytes[self.decoder.pos..];
        let Some((elements, [tag::NIL_EXT, ..])) = rest.split_at_checked(count.saturating_mul(2)) else {
            return Ok(None);
        };
        let (pairs, _) = elements.as_chunks::<2>();
        if pairs.iter().any(|pair| pair[0] != tag::SMALL_INTEGER_EXT) {
            return Ok(None);
        }
        self.charge(count + OVERHEAD)?;
        self.decoder.pos += 2 * count + 1;
        Ok(Some(pairs.iter().map(|pair| pair[1]).collect()))
    }

    /// All that was due of a list has been read: the tail is due now.
    pub(super) fn tail(&mut self, open: &mut Open) -> Result<(), DecodeError> {
        match self.decoder.peek_tag() {
            tag::NIL_EXT => self.decoder.pos += 1,
            // A list as the tail goes on with the same list; growing may take twice the room.
            tag::STRING_EXT | tag::LIST_EXT => match self.decoder.list()? {
                List::Bytes(bytes) => {
                    self.charge(bytes.len().saturating_mul(2 * size_of::<Term>()))?;
                    open.elements.extend(bytes.iter().map(|&byte| Term::FixInteger(FixInteger { value: byte.into() })));
                }
                List::Elements(more) => {
                    self.expect(more + 1)?;
                    self.charge(more.saturating_mul(2 * size_of::<Term>()))?;
                    open.left = more;
                    if more == 0 {
                        return self.tail_of_none(open);
                    }
                }
            },
            _ => {
                open.left = 1;
                open.shape = Shape::Tail;
                self.charge(2 * size_of::<Term>())?;
            }
        }
        Ok(())
    }

    /// As [`tail`](Self::tail), behind one or more lists of no elements.
    #[cold]
    fn tail_of_none(&mut self, open: &mut Open) -> Result<(), DecodeError> {
        while self.decoder.peek_tag() == tag::LIST_EXT {
            match self.decoder.list()? {
                List::Elements(0) => {}
                List::Bytes(_) => return Ok(()),
                List::Elements(more) => {
                    self.expect(more + 1)?;
                    self.charge(more.saturating_mul(2 * size_of::<Term>()))?;
                    open.left = more;
                    return Ok(());
                }
            }
        }
        self.tail(open)
    }
}
