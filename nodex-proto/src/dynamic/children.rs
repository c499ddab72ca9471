//! [`Children`] and [`Pairs`].

use std::{fmt, iter::FusedIterator};

use super::{
    cell::{IN_PAIRS, first, position},
    view::TermRef,
};
use crate::etf::{Decoder, tag};

/// An iterator over the elements of a tuple or a list, the keys or the values of a map, or the free variables of a fun.
#[derive(Clone)]
pub struct Children<'a> {
    parent: TermRef<'a>,
    /// The next cell, or byte of a term without cells.
    next: usize,
    step: usize,
    left: usize,
    source: Source,
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    Cells,
    /// A term that is short.
    Scan,
    /// The bytes of `STRING_EXT`.
    Bytes,
    /// Two bytes each.
    Pairs,
    /// Only the parent.
    Itself,
}

/// All integers from 0 to 255.
static BYTES: [[u8; 2]; 256] = {
    let mut all = [[tag::SMALL_INTEGER_EXT, 0]; 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte][1] = byte as u8;
        byte += 1;
    }
    all
};

impl<'a> Children<'a> {
    pub(super) fn none(parent: TermRef<'a>) -> Self {
        Children { parent, next: 0, step: 0, left: 0, source: Source::Scan }
    }

    /// Only this term.
    pub(super) fn single(term: TermRef<'a>) -> Self {
        Children { parent: term, next: 0, step: 1, left: 1, source: Source::Itself }
    }

    pub(super) fn parent(&self) -> TermRef<'a> {
        self.parent
    }

    /// Of a term whose first part starts `head` bytes behind its tag.
    #[inline]
    pub(super) fn of(parent: TermRef<'a>, head: usize, count: usize) -> Self {
        match parent.cells {
            [] => {
                let next = parent.position as usize + head;
                Children { parent, next, step: 1, left: count, source: Source::Scan }
            }
            _ if parent.first as usize == IN_PAIRS => {
                let next = parent.position as usize + head;
                Children { parent, next, step: 2, left: count, source: Source::Pairs }
            }
            _ => Children { parent, next: parent.first as usize, step: 1, left: count, source: Source::Cells },
        }
    }

    /// Of `STRING_EXT`.
    #[inline]
    pub(super) fn of_string(parent: TermRef<'a>, count: usize) -> Self {
        Children { parent, next: parent.position as usize + 3, step: 1, left: count, source: Source::Bytes }
    }

    /// Only each second one, from this one on.
    #[inline]
    pub(super) fn each_second(mut self, from: usize) -> Self {
        if from > 0 {
            self.next();
        }
        self.left = self.left.div_ceil(2);
        self.step = 2;
        self
    }

    /// Only the first so many.
    #[inline]
    pub(super) fn first(mut self, count: usize) -> Self {
        self.left = self.left.min(count);
        self
    }

    fn scan(&mut self) -> TermRef<'a> {
        let found = self.parent.part(self.next as u32, 0);
        for _ in 0..self.step {
            let rest = self.parent.bytes.get(self.next..).unwrap_or_default();
            self.next += Decoder::new(rest).skip().map_or(rest.len(), <[u8]>::len);
        }
        found
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = TermRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<TermRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        match self.source {
            Source::Cells => {
                let cell = *self.parent.cells.get(self.next)?;
                self.next += self.step;
                Some(self.parent.part(position(cell) as u32, first(cell) as u32))
            }
            Source::Bytes => {
                let byte = *self.parent.bytes.get(self.next)?;
                self.next += self.step;
                Some(TermRef::of_whole(&BYTES[usize::from(byte)], &[], None))
            }
            Source::Scan => Some(self.scan()),
            Source::Pairs => {
                let found = self.parent.part(self.next as u32, 0);
                self.next += self.step;
                Some(found)
            }
            Source::Itself => Some(self.parent),
        }
    }

    fn nth(&mut self, n: usize) -> Option<TermRef<'a>> {
        if self.source == Source::Scan {
            for _ in 0..n {
                self.next()?;
            }
        } else {
            let passed = n.min(self.left);
            self.left -= passed;
            self.next += passed * self.step;
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Children<'_> {}
impl FusedIterator for Children<'_> {}

/// An iterator over the keys and values of a map, in the order of the keys.
#[derive(Clone)]
pub struct Pairs<'a>(pub(super) Children<'a>);

impl<'a> Iterator for Pairs<'a> {
    type Item = (TermRef<'a>, TermRef<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left / 2, Some(self.0.left / 2))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
impl FusedIterator for Pairs<'_> {}

impl fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.parent(), f)
    }
}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.parent(), f)
    }
}
