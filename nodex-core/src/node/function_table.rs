//! Finds a function by its name and arity, at the same cost however many there are.

use super::Function;
use crate::term::first_word;

/// Names up to this length are told apart by their first and last word; longer ones are compared as bytes as well.
const IN_KEY: usize = 16;

/// An open-addressed table, made once. The whole of a short name stands in its row, so that finding it reads one place.
#[derive(Debug)]
pub(super) struct FunctionTable {
    /// A power of two, at most half full.
    rows: Box<[Option<Row>]>,
    targets: Vec<Target>,
}

/// A function and where it is.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) service: usize,
    pub(super) index: usize,
    pub(super) function: Function,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    /// The first eight bytes of the name, and the last eight if it has more.
    first: u64,
    last: u64,
    length: u32,
    arity: u32,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    target: u32,
}

impl FunctionTable {
    /// With these functions.
    ///
    /// # Errors
    /// Gives back a function whose name and arity another one has already.
    pub(super) fn new(targets: Vec<Target>) -> Result<Self, Function> {
        let mut table = FunctionTable { rows: vec![None; (2 * targets.len()).next_power_of_two()].into(), targets };
        for position in 0..table.targets.len() {
            let function = &table.targets[position].function;
            let key = Key::new(function.name.as_bytes(), function.arity.into());
            match table.place(&key, function.name.as_bytes()) {
                Ok(_) => return Err(function.clone()),
                Err(free) => table.rows[free] = Some(Row { key, target: position as u32 }),
            }
        }
        Ok(table)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter()
    }

    /// The function `name/arity`.
    #[inline(always)]
    pub(super) fn get(&self, name: &[u8], arity: usize) -> Option<&Target> {
        let key = Key::new(name, u32::try_from(arity).ok()?);
        self.place(&key, name).ok()
    }

    /// The function with this key, or the row that is free for it.
    #[inline(always)]
    fn place(&self, key: &Key, name: &[u8]) -> Result<&Target, usize> {
        let mask = self.rows.len() - 1;
        let mut at = key.hash() as usize & mask;
        // Half of the rows are free, so this ends.
        while let Some(row) = &self.rows[at] {
            if row.key == *key {
                let target = &self.targets[row.target as usize];
                if name.len() <= IN_KEY || target.function.name.as_bytes() == name {
                    return Ok(target);
                }
            }
            at = (at + 1) & mask;
        }
        Err(at)
    }
}

impl Key {
    #[inline(always)]
    fn new(name: &[u8], arity: u32) -> Self {
        let last = if name.len() > 8 { name.last_chunk().map_or(0, |last| u64::from_le_bytes(*last)) } else { 0 };
        Key { first: first_word(name), last, length: name.len() as u32, arity }
    }

    /// The names are the node's own, so nobody can choose them to collide.
    #[inline(always)]
    fn hash(&self) -> u64 {
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let counts = u64::from(self.length) << 32 | u64::from(self.arity);
        let hash = (self.first ^ self.last.rotate_left(23)).wrapping_mul(MIX) ^ counts;
        let hash = hash.wrapping_mul(MIX);
        hash ^ hash >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(index: usize, name: &'static str, arity: u8) -> Target {
        Target { service: 0, index, function: Function::new(name, arity) }
    }

    #[test]
    fn every_length_of_name_and_every_arity_is_found() {
        let long = "x".repeat(80);
        let names: Vec<&'static str> = (1..=80).map(|length| &*long[..length].to_owned().leak()).collect();
        let targets =
            names.iter().enumerate().flat_map(|(i, name)| (0..3).map(move |a| target(3 * i + a, name, a as u8)));
        let table = FunctionTable::new(targets.collect()).unwrap();
        for (i, name) in names.iter().enumerate() {
            for arity in 0..3 {
                assert_eq!(table.get(name.as_bytes(), arity).map(|t| t.index), Some(3 * i + arity), "{name}/{arity}");
            }
            assert!(table.get(name.as_bytes(), 3).is_none());
            assert!(table.get(format!("{}y", &name[1..]).as_bytes(), 0).is_none());
        }
        assert!(table.get(b"", 0).is_none());
        assert!(table.get(long.as_bytes(), 1 << 40).is_none());
    }

    #[test]
    fn names_that_differ_in_one_place_differ() {
        for length in [1, 4, 8, 9, 15, 16, 17, 24, 40] {
            let name = "n".repeat(length);
            for at in 0..length {
                let other = [&name[..at], "o", &name[at + 1..]].concat();
                let targets = vec![target(0, name.clone().leak(), 1), target(1, other.clone().leak(), 1)];
                let table = FunctionTable::new(targets).unwrap();
                assert_eq!(table.get(name.as_bytes(), 1).unwrap().index, 0, "{name}");
                assert_eq!(table.get(other.as_bytes(), 1).unwrap().index, 1, "{other}");
                let third = [&name[..at], "p", &name[at + 1..]].concat();
                assert!(table.get(third.as_bytes(), 1).is_none(), "{third}");
            }
        }
    }

    #[test]
    fn a_zero_byte_is_part_of_a_name() {
        let table = FunctionTable::new(vec![target(0, "a", 0), target(1, "a\0", 0)]).unwrap();
        assert_eq!(table.get(b"a", 0).unwrap().index, 0);
        assert_eq!(table.get(b"a\0", 0).unwrap().index, 1);
    }

    #[test]
    fn a_second_function_of_one_name_and_arity_is_refused() {
        let refused = FunctionTable::new(vec![target(0, "a", 1), target(1, "a", 2), target(2, "a", 1)]).unwrap_err();
        assert_eq!((refused.name.as_str(), refused.arity), ("a", 1));
        assert!(FunctionTable::new(Vec::new()).unwrap().get(b"a", 0).is_none());
    }
}
