//! Challenges that wait for their answer, of all handshakes of this process.
//!
//! Both sides of a handshake make the same digest of a challenge. So a peer that receives a challenge of this node must
//! not obtain the answer from this node.
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// By their numbers, with the names of the nodes that made them: one process may hold several nodes, which connect to
/// each other like any others.
static OPEN: Mutex<BTreeMap<u32, Vec<Box<str>>>> = Mutex::new(BTreeMap::new());

fn open() -> MutexGuard<'static, BTreeMap<u32, Vec<Box<str>>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A challenge of this node, open for as long as this value lives.
#[derive(Debug)]
pub(super) struct OpenChallenge {
    number: u32,
    node: Box<str>,
}

impl OpenChallenge {
    /// `node` is what the node calls itself in this handshake.
    pub(super) fn new(number: u32, node: &str) -> Self {
        let challenge = OpenChallenge { number, node: node.into() };
        open().entry(number).or_default().push(challenge.node.clone());
        challenge
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for OpenChallenge {
    fn drop(&mut self) {
        let mut open = open();
        let Some(nodes) = open.get_mut(&self.number) else { return };
        if let Some(at) = nodes.iter().position(|node| *node == self.node) {
            nodes.swap_remove(at);
        }
        if nodes.is_empty() {
            open.remove(&self.number);
        }
    }
}

/// Returns whether a challenge that came from `peer` is an open one of `ours`, or of another node of this process that
/// has not the name of that peer.
pub(super) fn is_reflected(number: u32, ours: &str, peer: &str) -> bool {
    let open = open();
    let Some(nodes) = open.get(&number) else { return false };
    nodes.iter().any(|node| **node == *ours) || nodes.iter().all(|node| **node != *peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_open_as_long_as_its_handshake() {
        // Numbers of this test alone.
        let (one, two) = (0xA1B2_C3D4, 0xA1B2_C3D5);
        let is_reflected = |number, peer| super::is_reflected(number, "c@h", peer);
        assert!(!is_reflected(one, "b@h"));
        let first = OpenChallenge::new(one, "a@h");
        let again = OpenChallenge::new(one, "a@h");
        let other = OpenChallenge::new(two, "a@h");
        assert!(is_reflected(one, "b@h") && is_reflected(two, "b@h"));
        assert!(!is_reflected(one, "a@h"), "made by the node that it comes from");
        assert!(super::is_reflected(one, "a@h", "a@h"), "made by the node that is to answer it");
        drop(first);
        assert!(is_reflected(one, "b@h"));
        drop((again, other));
        assert!(!is_reflected(one, "b@h") && !is_reflected(two, "b@h"));
        assert!(!open().contains_key(&one) && !open().contains_key(&two));
    }
}
