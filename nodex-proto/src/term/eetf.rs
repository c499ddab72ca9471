//! Atoms, pids, ports and references of the crate eetf.

use super::{Atom, AtomError, Pid, Port, Reference};

/// Why a pid, port or reference of eetf cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum IdentifierError {
    #[error("the name of the node is no atom")]
    Node(#[from] AtomError),
    #[error("a reference has 1 to 5 words, this one has {words}")]
    ReferenceLength { words: usize },
}

impl From<Atom> for ::eetf::Atom {
    fn from(atom: Atom) -> Self {
        ::eetf::Atom { name: atom.as_str().to_owned() }
    }
}

impl TryFrom<&::eetf::Atom> for Atom {
    type Error = AtomError;
    fn try_from(atom: &::eetf::Atom) -> Result<Self, AtomError> {
        Atom::new(&atom.name)
    }
}

impl TryFrom<::eetf::Atom> for Atom {
    type Error = AtomError;
    fn try_from(atom: ::eetf::Atom) -> Result<Self, AtomError> {
        Atom::new(&atom.name)
    }
}

impl From<Pid> for ::eetf::Pid {
    fn from(pid: Pid) -> Self {
        ::eetf::Pid { node: pid.node.into(), id: pid.id, serial: pid.serial, creation: pid.creation }
    }
}

impl TryFrom<&::eetf::Pid> for Pid {
    type Error = IdentifierError;
    fn try_from(pid: &::eetf::Pid) -> Result<Self, IdentifierError> {
        Ok(Pid { node: Atom::try_from(&pid.node)?, id: pid.id, serial: pid.serial, creation: pid.creation })
    }
}

impl From<Port> for ::eetf::Port {
    fn from(port: Port) -> Self {
        ::eetf::Port { node: port.node.into(), id: port.id, creation: port.creation }
    }
}

impl TryFrom<&::eetf::Port> for Port {
    type Error = IdentifierError;
    fn try_from(port: &::eetf::Port) -> Result<Self, IdentifierError> {
        Ok(Port { node: Atom::try_from(&port.node)?, id: port.id, creation: port.creation })
    }
}

impl From<Reference> for ::eetf::Reference {
    fn from(reference: Reference) -> Self {
        let id = reference.words().to_vec();
        ::eetf::Reference { node: reference.node.into(), id, creation: reference.creation }
    }
}

impl TryFrom<&::eetf::Reference> for Reference {
    type Error = IdentifierError;
    fn try_from(reference: &::eetf::Reference) -> Result<Self, IdentifierError> {
        let node = Atom::try_from(&reference.node)?;
        let words = reference.id.len();
        Reference::new(node, reference.creation, &reference.id).ok_or(IdentifierError::ReferenceLength { words })
    }
}

macro_rules! by_value {
    ($($eetf:ident $ours:ident)*) => {$(
        impl TryFrom<::eetf::$eetf> for $ours {
            type Error = IdentifierError;
            fn try_from(value: ::eetf::$eetf) -> Result<Self, IdentifierError> {
                Self::try_from(&value)
            }
        }
    )*};
}
by_value!(Pid Pid Port Port Reference Reference);
