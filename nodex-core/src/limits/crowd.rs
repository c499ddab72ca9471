//! Connections of unknown peers; those of one address must not crowd out those of another.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, Ipv6Addr},
};

/// The members, by age and by address.
#[derive(Debug)]
pub(crate) struct Crowd<T> {
    members: BTreeMap<u64, (IpAddr, T)>,
    /// The members of each address, the oldest first.
    of: HashMap<IpAddr, BTreeSet<u64>>,
    /// The address with the most members comes last; of two with as many, the one whose oldest member is older.
    sizes: BTreeSet<(usize, Reverse<u64>, IpAddr)>,
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Crowd { members: BTreeMap::new(), of: HashMap::new(), sizes: BTreeSet::new() }
    }
}

impl<T> Crowd<T> {
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Adds a member that is younger than all others.
    pub(crate) fn enter(&mut self, id: u64, from: IpAddr, member: T) {
        let place = place(from);
        self.resize(place, |ids| ids.insert(id));
        self.members.insert(id, (from, member));
    }

    /// Removes a member that ended by itself.
    pub(crate) fn leave(&mut self, id: u64) -> Option<T> {
        let (from, member) = self.members.remove(&id)?;
        self.resize(place(from), |ids| ids.remove(&id));
        Some(member)
    }

    /// Removes the oldest member of the address that has most.
    pub(crate) fn evict(&mut self) -> Option<(IpAddr, T)> {
        let &(_, Reverse(oldest), _) = self.sizes.last()?;
        let from = self.members.get(&oldest)?.0;
        Some((from, self.leave(oldest)?))
    }

    fn resize(&mut self, place: IpAddr, change: impl FnOnce(&mut BTreeSet<u64>) -> bool) {
        let ids = self.of.entry(place).or_default();
        if let Some(oldest) = ids.first() {
            self.sizes.remove(&(ids.len(), Reverse(*oldest), place));
        }
        change(ids);
        match ids.first() {
            Some(oldest) => {
                self.sizes.insert((ids.len(), Reverse(*oldest), place));
            }
            None => {
                self.of.remove(&place);
            }
        }
    }
}

/// Returns the range of addresses that count as one machine: with IPv6, a network of 64 bits.
fn place(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn the_oldest_of_the_address_with_most_goes() {
        let mut crowd = Crowd::default();
        crowd.enter(0, at("10.0.0.1"), 0);
        for id in 1..10 {
            crowd.enter(id, at("10.0.0.2"), id);
        }
        crowd.enter(10, at("10.0.0.3"), 10);
        let evicted: Vec<u64> = (0..8).filter_map(|_| crowd.evict()).map(|(_, id)| id).collect();
        assert_eq!(evicted, [1, 2, 3, 4, 5, 6, 7, 8]);
        // Each has one now, and it goes by age.
        assert_eq!(crowd.len(), 3);
        assert_eq!(crowd.evict(), Some((at("10.0.0.1"), 0)));
        assert_eq!(crowd.leave(10), Some(10));
        assert_eq!(crowd.evict(), Some((at("10.0.0.2"), 9)));
        assert_eq!((crowd.evict(), crowd.leave(9)), (None, None));
        assert!(crowd.of.is_empty() && crowd.sizes.is_empty() && crowd.members.is_empty());
    }

    #[test]
    fn a_machine_has_one_share_whichever_of_its_addresses_it_uses() {
        let mut crowd = Crowd::default();
        crowd.enter(0, at("::ffff:10.0.0.1"), ());
        crowd.enter(1, at("2001:db8::1"), ());
        crowd.enter(2, at("2001:db8::ffff:1"), ());
        crowd.enter(3, at("10.0.0.2"), ());
        assert_eq!(crowd.evict(), Some((at("2001:db8::1"), ())));
        assert_eq!(place(at("::ffff:10.0.0.1")), at("10.0.0.1"));
        assert_eq!(place(at("::1")), at("::1"));
        assert_ne!(place(at("2001:db8:0:1::1")), place(at("2001:db8::1")));
    }
}
