//! Pids, ports and references.

use super::{Atom, AtomError};

/// A process identifier (`NEW_PID_EXT`, erl_ext_dist).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pid {
    /// The node that made it.
    pub node: Atom,
    /// First number, 32 bits since OTP 24.
    pub id: u32,
    /// Second number.
    pub serial: u32,
    /// Incarnation of the node.
    pub creation: u32,
}

/// A port identifier (`V4_PORT_EXT`, erl_ext_dist).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Port {
    /// The node that made it.
    pub node: Atom,
    /// 64 bits since OTP 24, 28 bits before.
    pub id: u64,
    /// Incarnation of the node.
    pub creation: u32,
}

/// A reference of one to five words (`NEWER_REFERENCE_EXT`, erl_ext_dist).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// The node that made it.
    pub node: Atom,
    /// Incarnation of the node.
    pub creation: u32,
    words: [u32; Reference::MAX_WORDS],
    len: u8,
}

impl Reference {
    /// The most words a reference has since OTP 24; three before.
    pub const MAX_WORDS: usize = 5;

    /// A reference; `None` unless there are one to five words.
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

    /// A reference of this node, which has three.
    #[doc(hidden)]
    pub fn of_three(node: Atom, creation: u32, [a, b, c]: [u32; 3]) -> Self {
        Reference { node, creation, words: [a, b, c, 0, 0], len: 3 }
    }

    /// Its words, the least significant first.
    pub fn words(&self) -> &[u32] {
        &self.words[..usize::from(self.len)]
    }
}

/// A pid, port or reference of eetf that no node can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum IdentifierError {
    #[error("{0} (in the name of a node)")]
    Node(#[from] AtomError),
    #[error("a reference has 1 to 5 words, this one has {words}")]
    ReferenceLength { words: usize },
}

impl From<Atom> for eetf::Atom {
    fn from(atom: Atom) -> Self {
        eetf::Atom { name: atom.as_str().to_owned() }
    }
}

impl TryFrom<&eetf::Atom> for Atom {
    type Error = AtomError;
    fn try_from(atom: &eetf::Atom) -> Result<Self, AtomError> {
        Atom::new(&atom.name)
    }
}

impl TryFrom<eetf::Atom> for Atom {
    type Error = AtomError;
    fn try_from(atom: eetf::Atom) -> Result<Self, AtomError> {
        Atom::new(&atom.name)
    }
}

impl From<Pid> for eetf::Pid {
    fn from(pid: Pid) -> Self {
        eetf::Pid { node: pid.node.into(), id: pid.id, serial: pid.serial, creation: pid.creation }
    }
}

impl TryFrom<&eetf::Pid> for Pid {
    type Error = IdentifierError;
    fn try_from(pid: &eetf::Pid) -> Result<Self, IdentifierError> {
        Ok(Pid { node: Atom::try_from(&pid.node)?, id: pid.id, serial: pid.serial, creation: pid.creation })
    }
}

impl From<Port> for eetf::Port {
    fn from(port: Port) -> Self {
        eetf::Port { node: port.node.into(), id: port.id, creation: port.creation }
    }
}

impl TryFrom<&eetf::Port> for Port {
    type Error = IdentifierError;
    fn try_from(port: &eetf::Port) -> Result<Self, IdentifierError> {
        Ok(Port { node: Atom::try_from(&port.node)?, id: port.id, creation: port.creation })
    }
}

impl From<Reference> for eetf::Reference {
    fn from(reference: Reference) -> Self {
        let id = reference.words().to_vec();
        eetf::Reference { node: reference.node.into(), id, creation: reference.creation }
    }
}

impl TryFrom<&eetf::Reference> for Reference {
    type Error = IdentifierError;
    fn try_from(reference: &eetf::Reference) -> Result<Self, IdentifierError> {
        let node = Atom::try_from(&reference.node)?;
        let words = reference.id.len();
        Reference::new(node, reference.creation, &reference.id).ok_or(IdentifierError::ReferenceLength { words })
    }
}

macro_rules! by_value {
    ($($eetf:ident $ours:ident)*) => {$(
        impl TryFrom<eetf::$eetf> for $ours {
            type Error = IdentifierError;
            fn try_from(value: eetf::$eetf) -> Result<Self, IdentifierError> {
                Self::try_from(&value)
            }
        }
    )*};
}
by_value!(Pid Pid Port Port Reference Reference);
