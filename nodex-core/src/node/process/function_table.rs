//! Finds a function by its name and arity, at the same cost however many there are.

use std::sync::Arc;

use crate::{
    node::service::interface::{Function, Service},
    term::first_word,
};

/// Names up to this length differ in their first or last word; longer ones are compared as bytes as well.
const IN_KEY: usize = 16;

/// An open-addressed table, made once. The whole of a short name stands in its row, so that finding it reads one place.
pub(in crate::node) struct FunctionTable {
    /// A power of two, at most half full.
    rows: Box<[Row]>,
    targets: Vec<Target>,
}

/// A function, the service that has it, and its number there.
pub(in crate::node) struct Target {
    pub(in crate::node) service: Arc<dyn Service>,
    pub(in crate::node) index: usize,
    pub(in crate::node) function: Function,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    /// The first eight bytes of the name, and the last eight if it has more.
    first: u64,
    last: u64,
    /// Its length, and the arity.
    counts: u64,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    key: Key,
    target: u32,
}

/// Masks for none to all eight of the first bytes of a word.
const FIRST_BYTES: [u64; 9] = [0, 0xFF, 0xFFFF, 0xFF_FFFF, !0 >> 32, !0 >> 24, !0 >> 16, !0 >> 8, !0];

impl Row {
    /// No name is so long.
    const FREE: Row = Row { key: Key { first: 0, last: 0, counts: u64::MAX }, target: 0 };
}

impl FunctionTable {
    /// Creates a table with these functions.
    ///
    /// # Errors
    /// Gives back a function whose name and arity another one has already.
    pub(in crate::node) fn new(targets: Vec<Target>) -> Result<Self, Function> {
        let rows = (2 * targets.len()).next_power_of_two();
        let mut table = FunctionTable { rows: vec![Row::FREE; rows].into(), targets };
        for position in 0..table.targets.len() {
            let function = &mut table.targets[position].function;
            if (function.name.as_bytes(), function.arity) == (b"system", 2) {
                // Requests of `sys` are recognized first.
                function.accepts = function.accepts.checked();
            }
            let function = &table.targets[position].function;
            let name = function.name.as_bytes();
            if matches!((name, function.arity), (b"$gen_call", 2) | (b"$gen_cast", 1)) {
                // What has the form of a call is one.
                continue;
            }
            let key = Key::new(name, name.len(), function.arity.into());
            match table.place(&key, name, name.len()) {
                Ok(_) => return Err(function.clone()),
                Err(free) => table.rows[free] = Row { key, target: position as u32 },
            }
        }
        Ok(table)
    }

    /// Returns all of them.
    pub(in crate::node) fn iter(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter()
    }

    /// Returns the function `name/arity`. The name is the first `length` of these bytes.
    #[inline(always)]
    pub(in crate::node) fn get(&self, name: &[u8], length: usize, arity: usize) -> Option<&Target> {
        self.place(&Key::new(name, length, arity), name, length).ok()
    }

    /// Returns the function with this key, or the row that is free for it.
    #[inline(always)]
    fn place(&self, key: &Key, name: &[u8], length: usize) -> Result<&Target, usize> {
        let mask = self.rows.len() - 1;
        let mut at = key.hash() as usize & mask;
        // Half of the rows are free, so this ends.
        loop {
            let row = &self.rows[at];
            if row.key == *key {
                let target = &self.targets[row.target as usize];
                if length <= IN_KEY || name.get(..length) == Some(target.function.name.as_bytes()) {
                    return Ok(target);
                }
            } else if row.key.counts == Row::FREE.key.counts {
                return Err(at);
            }
            at = (at + 1) & mask;
        }
    }
}

impl Key {
    /// Of the first `length` of these bytes, of which there are as many at least.
    #[inline(always)]
    fn new(name: &[u8], length: usize, arity: usize) -> Self {
        // An arity that no function has leads to a key that no function has.
        let counts = (length as u64) << 32 | arity.min(1 << 16) as u64;
        match name.first_chunk() {
            // Mostly something stands behind a short name, and need not be told from it byte by byte.
            Some(first) if length <= 8 => {
                Key { first: u64::from_le_bytes(*first) & FIRST_BYTES[length], last: 0, counts }
            }
            _ => {
                let name = name.get(..length).unwrap_or(name);
                let last = name.last_chunk().filter(|_| length > 8).map_or(0, |last| u64::from_le_bytes(*last));
                Key { first: first_word(name), last, counts }
            }
        }
    }

    /// The names are the node's own, so nobody can choose them to collide.
    #[inline(always)]
    fn hash(&self) -> u64 {
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let hash = (self.first ^ self.last.rotate_left(23) ^ self.counts.rotate_left(17)).wrapping_mul(MIX);
        hash ^ hash >> 32
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::{btree_set, vec},
        prelude::*,
    };

    use super::*;
    use crate::node::service::functions::Functions;

    fn target(index: usize, name: &'static str, arity: u8) -> Target {
        Target { service: Arc::new(Functions::new()), index, function: Function::new(name, arity) }
    }

    /// The same whatever stands behind the name.
    fn find<'a>(table: &'a FunctionTable, name: &str, arity: usize) -> Option<&'a Target> {
        let found = table.get(name.as_bytes(), name.len(), arity);
        for behind in ["a", "name behind it", "\0\0\0\0\0\0\0\0"] {
            let more = table.get([name, behind].concat().as_bytes(), name.len(), arity);
            assert_eq!(more.map(|target| target.index), found.map(|target| target.index), "{name} {behind}");
        }
        found
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
                assert_eq!(find(&table, name, arity).map(|t| t.index), Some(3 * i + arity), "{name}/{arity}");
            }
            assert!(find(&table, name, 3).is_none());
            assert!(find(&table, &format!("{}y", &name[1..]), 0).is_none());
        }
        assert!(find(&table, "", 0).is_none());
        assert!(find(&table, &long, 1 << 40).is_none());
    }

    #[test]
    fn names_that_differ_in_one_place_differ() {
        for length in [1, 4, 8, 9, 15, 16, 17, 24, 40] {
            let name = "n".repeat(length);
            for at in 0..length {
                let other = [&name[..at], "o", &name[at + 1..]].concat();
                let targets = vec![target(0, name.clone().leak(), 1), target(1, other.clone().leak(), 1)];
                let table = FunctionTable::new(targets).unwrap();
                assert_eq!(find(&table, &name, 1).unwrap().index, 0, "{name}");
                assert_eq!(find(&table, &other, 1).unwrap().index, 1, "{other}");
                let third = [&name[..at], "p", &name[at + 1..]].concat();
                assert!(find(&table, &third, 1).is_none(), "{third}");
            }
        }
    }

    #[test]
    fn a_zero_byte_is_part_of_a_name() {
        let table = FunctionTable::new(vec![target(0, "a", 0), target(1, "a\0", 0)]).unwrap();
        assert_eq!(find(&table, "a", 0).unwrap().index, 0);
        assert_eq!(find(&table, "a\0", 0).unwrap().index, 1);
    }

    #[test]
    fn what_has_the_form_of_a_call_is_not_called_by_name() {
        let forms = [target(0, "$gen_call", 2), target(1, "$gen_cast", 1), target(2, "$gen_cast", 2)];
        let table = FunctionTable::new(forms.into()).ok().unwrap();
        assert!(find(&table, "$gen_call", 2).is_none() && find(&table, "$gen_cast", 1).is_none());
        assert_eq!(find(&table, "$gen_cast", 2).unwrap().index, 2);
    }

    #[test]
    fn a_second_function_of_one_name_and_arity_is_refused() {
        let refused = FunctionTable::new(vec![target(0, "a", 1), target(1, "a", 2), target(2, "a", 1)]).err().unwrap();
        assert_eq!((refused.name.as_str(), refused.arity), ("a", 1));
        assert!(find(&FunctionTable::new(Vec::new()).unwrap(), "a", 0).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        /// Names of few letters, so that many begin and end alike.
        #[test]
        fn the_table_finds_what_a_list_finds(
            functions in btree_set(("[ab\0]{0,17}|a{8}[ab]{0,20}b{8}", 0..4_u8), 0..60),
            asked in vec(("[ab\0]{0,17}|a{8}[ab]{0,20}b{8}", prop_oneof![0..4_usize, any::<usize>()]), 0..60),
        ) {
            let all: Vec<(&'static str, u8)> = functions.into_iter().map(|(name, arity)| (&*name.leak(), arity)).collect();
            let targets = all.iter().enumerate().map(|(index, (name, arity))| target(index, name, *arity));
            let table = FunctionTable::new(targets.collect()).unwrap();
            let own = all.iter().map(|(name, arity)| ((*name).to_owned(), usize::from(*arity)));
            for (name, arity) in own.chain(asked) {
                let expected = all.iter().position(|(own, own_arity)| *own == name && usize::from(*own_arity) == arity);
                prop_assert_eq!(find(&table, &name, arity).map(|target| target.index), expected, "{:?}/{}", name, arity);
            }
        }
    }
}
