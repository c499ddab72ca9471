//! Pids, ports and references.

use super::Atom;

/// A process identifier (`NEW_PID_EXT`, erl_ext_dist).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pid {
    /// The node that made it.
    pub node: Atom,
    /// The first number; 32 bits since OTP 24.
    pub id: u32,
    /// The second number.
    pub serial: u32,
    /// The creation of the node.
    pub creation: u32,
}

/// A port identifier (`V4_PORT_EXT`, erl_ext_dist).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// The node that made it.
    pub node: Atom,
    /// The number; 64 bits since OTP 24, 28 bits before.
    pub id: u64,
    /// The creation of the node.
    pub creation: u32,
}

/// A reference of one to five words (`NEWER_REFERENCE_EXT`, erl_ext_dist).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// The node that made it.
    pub node: Atom,
    /// The creation of the node.
    pub creation: u32,
    words: [u32; Reference::MAX_WORDS],
    len: u8,
}

impl Reference {
    /// The most words of a reference since OTP 24; three before.
    pub const MAX_WORDS: usize = 5;

    /// Creates a reference. Returns `None` unless there are one to five words.
    pub fn new(node: Atom, creation: u32, words: &[u32]) -> Option<Self> {
        if words.is_empty() || words.len() > Self::MAX_WORDS {
            return None;
        }
        let mut all = [0; Self::MAX_WORDS];
        all[..words.len()].copy_from_slice(words);
        Some(Reference { node, creation, words: all, len: words.len() as u8 })
    }

    /// A reference of the first `len` of these words, which are one at least; the others are 0.
    #[inline(always)]
    pub(crate) fn of_words(node: Atom, creation: u32, words: [u32; Self::MAX_WORDS], len: u8) -> Self {
        Reference { node, creation, words, len }
    }

    /// Creates a reference of three words.
    #[doc(hidden)]
    pub fn of_three(node: Atom, creation: u32, [a, b, c]: [u32; 3]) -> Self {
        Reference { node, creation, words: [a, b, c, 0, 0], len: 3 }
    }

    /// Returns its words, the least significant first.
    pub fn words(&self) -> &[u32] {
        &self.words[..usize::from(self.len)]
    }
}
