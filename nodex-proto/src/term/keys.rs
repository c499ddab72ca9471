//! Keys of maps that contain maps.
//!
//! [`Term`] hashes a map in the order of its table, which differs between equal maps of several pairs, and hashes no lengths
//! of maps, so that terms with the same parts in other maps have the same hash, whatever the seed of the table.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash},
};

use eetf::{InternalFun, Map};

use super::Term;

/// What a term contains that makes its hash worth less than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Maps {
    /// No maps.
    None,
    /// Maps of at most one pair: equal terms have equal hashes, and so may others.
    Single,
    /// Maps of several pairs: equal terms may have different hashes as well.
    Several,
}

/// The maps in a term.
pub(crate) fn maps_in(term: &Term) -> Maps {
    fn all<'t>(mut terms: impl Iterator<Item = &'t Term>) -> Maps {
        let mut most = Maps::None;
        while most < Maps::Several
            && let Some(term) = terms.next()
        {
            most = most.max(maps_in(term));
        }
        most
    }
    match term {
        Term::Map(Map { map }) if map.len() > 1 => Maps::Several,
        Term::Map(Map { map }) => all(map.iter().flat_map(|(key, value)| [key, value])).max(Maps::Single),
        Term::Tuple(tuple) => all(tuple.elements.iter()),
        Term::List(list) => all(list.elements.iter()),
        Term::ImproperList(list) => all(list.elements.iter().chain([&*list.last])),
        Term::InternalFun(fun) => match &**fun {
            InternalFun::Old { free_vars, .. } | InternalFun::New { free_vars, .. } => all(free_vars.iter()),
        },
        _ => Maps::None,
    }
}

/// How many different keys with maps in them may have the same hash in one table. Every further one would be compared
/// with all of them.
pub(crate) const MAX_ALIKE: usize = 16;

/// Counts the keys with maps in them that have the same hash.
#[derive(Debug, Default)]
pub(crate) struct Alike(Option<HashMap<u64, usize>>);

impl Alike {
    /// Counts a key that is to be entered into a table that hashes so. False if it has too many like it.
    #[cold]
    #[inline(never)]
    pub(crate) fn admits(&mut self, key: &impl Hash, hasher: &impl BuildHasher) -> bool {
        let count = self.0.get_or_insert_default().entry(hasher.hash_one(key)).or_default();
        *count += 1;
        *count <= MAX_ALIKE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term;

    #[test]
    fn maps_are_found_wherever_they_are() {
        for term in [term!(1), term!({a, [b, <<"c">>], (vec![300])})] {
            assert_eq!(maps_in(&term), Maps::None, "{term:?}");
        }
        for term in [term!(#{}), term!({a, [#{}]}), term!([a | #{b => #{}}])] {
            assert_eq!(maps_in(&term), Maps::Single, "{term:?}");
        }
        for term in [term!(#{a => 1, b => 2}), term!({#{}, #{a => [#{b => 1, c => 2}]}})] {
            assert_eq!(maps_in(&term), Maps::Several, "{term:?}");
        }
    }

    #[test]
    fn so_many_keys_may_be_alike() {
        // The same parts, in other maps.
        let keys = [term!({#{a => b}, #{}, c, d}), term!({#{}, a, b, #{c => d}})];
        let table = HashMap::<Term, ()>::new();
        let mut alike = Alike::default();
        for n in 0..MAX_ALIKE {
            assert!(alike.admits(&keys[n % 2], table.hasher()));
        }
        assert!(!alike.admits(&keys[0], table.hasher()));
        assert!(alike.admits(&term!(#{e => f}), table.hasher()));
    }
}
