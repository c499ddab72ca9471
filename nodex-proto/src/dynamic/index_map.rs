//! The pairs of a map in the order of their keys.

use std::{cmp::Ordering, ops::Range};

use super::{
    cell::{Cell, position},
    index::{Entry, Indexer},
    order::{order_of_keys, rank_of_tag},
    view::TermRef,
};
use crate::etf::{EtfError, tag};

impl Entry {
    #[inline]
    fn order(&self, other: &Entry) -> Ordering {
        (self.rank, self.number).cmp(&(other.rank, other.number))
    }
}

/// Returns the first eight bytes as a number of the same order; missing bytes count as zeros.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(crate::term::first_word(bytes).to_le_bytes())
}

const INTEGER: u8 = 0;
const ATOM: u8 = 2;
const BINARY: u8 = 11;

/// Type and beginning of a key. Of a name or a binary the first `skipped` bytes are left out, which all have in common.
#[inline]
fn brief(bytes: &[u8], key: Cell, skipped: usize) -> (u8, u64) {
    match bytes[position(key)..] {
        [tag::SMALL_ATOM_UTF8_EXT, len, ref rest @ ..] => (ATOM, number(&rest[skipped..usize::from(len)])),
        [tag::BINARY_EXT, a, b, c, d, ref rest @ ..] => {
            (BINARY, number(&rest[skipped..u32::from_be_bytes([a, b, c, d]) as usize]))
        }
        [tag::ATOM_UTF8_EXT, a, b, ref rest @ ..] => (ATOM, number(&rest[..usize::from(u16::from_be_bytes([a, b]))])),
        [tag::BIT_BINARY_EXT, a, b, c, d, _, ref rest @ ..] => {
            (BINARY, number(&rest[..u32::from_be_bytes([a, b, c, d]) as usize]))
        }
        [tag::SMALL_INTEGER_EXT, value, ..] => (INTEGER, u64::from(value) + (1 << 63)),
        [tag::INTEGER_EXT, a, b, c, d, ..] => {
            (INTEGER, (i64::from(i32::from_be_bytes([a, b, c, d])) as u64).wrapping_add(1 << 63))
        }
        // Of those that start with the same number the order is found in full.
        [tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT, ..] => match order_of_sign(bytes, key) {
            true => (INTEGER, 0),
            false => (INTEGER, u64::MAX),
        },
        [tag, ..] => (rank_of_tag(tag), 0),
        [] => (u8::MAX, 0),
    }
}

/// Returns `true` for an integer below zero.
fn order_of_sign(bytes: &[u8], key: Cell) -> bool {
    match bytes[position(key)..] {
        [tag::SMALL_BIG_EXT, _, sign, ..] | [tag::LARGE_BIG_EXT, _, _, _, _, sign, ..] => sign == 1,
        _ => false,
    }
}

/// Returns the bytes of a key that is a name or a binary.
#[inline]
fn content(bytes: &[u8], key: Cell) -> &[u8] {
    match bytes[position(key)..] {
        [tag::SMALL_ATOM_UTF8_EXT, len, ref rest @ ..] => &rest[..usize::from(len)],
        [tag::BINARY_EXT, a, b, c, d, ref rest @ ..] => &rest[..u32::from_be_bytes([a, b, c, d]) as usize],
        _ => &[],
    }
}

impl Indexer<'_, '_> {
    /// Sorts the pairs of a map that starts at `start`, whose cells are these, and refuses equal keys.
    pub(super) fn close_map(&mut self, all: &mut [Cell], start: usize, range: Range<usize>) -> Result<(), EtfError> {
        if range.len() < 4 {
            return Ok(());
        }
        self.found.plain = false;
        // Whatever is not canonical is read again.
        if !self.found.canonical {
            return Ok(());
        }
        let bytes = &self.bytes[self.start..];
        let (pairs, _) = all[range.clone()].as_chunks::<2>();
        let entries = &mut self.scratch.keys;
        entries.clear();
        let mut sorted = true;
        let mut skipped = 0;
        // Many keys often begin alike.
        if pairs.len() > 16 {
            skipped = in_common(bytes, pairs);
        }
        for &[key, value] in pairs {
            let (rank, number) = brief(bytes, key, skipped);
            let entry = Entry { rank, number, key, value };
            sorted = sorted && entries.last().is_none_or(|last: &Entry| last.order(&entry).is_lt());
            entries.push(entry);
        }
        if sorted {
            return Ok(());
        }
        let cells = &*all;
        let key = |entry: &Entry| TermRef::at(bytes, cells, entry.key);
        let order = |a: &Entry, b: &Entry| a.order(b).then_with(|| order_of_keys(key(a), key(b)));
        entries.sort_unstable_by(order);
        // Those that are told apart by a number are not compared in full.
        if entries.windows(2).any(|pair| order(&pair[0], &pair[1]).is_eq()) {
            return Err(EtfError::DuplicateKey { offset: self.start + start });
        }
        let (pairs, _) = all[range].as_chunks_mut::<2>();
        for (pair, entry) in pairs.iter_mut().zip(&self.scratch.keys) {
            *pair = [entry.key, entry.value];
        }
        Ok(())
    }
}

/// How many bytes all keys begin with, if all are names or all are binaries.
fn in_common(bytes: &[u8], pairs: &[[Cell; 2]]) -> usize {
    let Some(&[key, _]) = pairs.first() else { return 0 };
    let tag = bytes[position(key)];
    if !matches!(tag, tag::SMALL_ATOM_UTF8_EXT | tag::BINARY_EXT) {
        return 0;
    }
    let model = content(bytes, key);
    let mut common = model.len();
    for &[key, _] in pairs {
        if bytes[position(key)] != tag {
            return 0;
        }
        let content = content(bytes, key);
        common = common.min(content.len());
        if content[..common] != model[..common] {
            common = content.iter().zip(model).take_while(|(a, b)| a == b).count();
        }
    }
    common
}
