//! Names that users give, checked where they are given: of nodes and of registered processes.

use std::{convert::Infallible, fmt, ops::Deref};

use super::handshake::{NameProblem, check_node_name};
use crate::term::{Atom, AtomError};

/// Why a name cannot be that of a node or of a process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No node can have it.
    #[error("{:?} is no node name", shown(name))]
    Node {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// No process can be registered under it.
    #[error("no process can have this name")]
    Process(#[from] AtomError),
}

/// The name as far as it is shown, which is longer than a name may be.
fn shown(name: &str) -> &str {
    const LIMIT: usize = 300;
    name.char_indices().nth(LIMIT).map_or(name, |(end, _)| &name[..end])
}

// What cannot fail can be given where something is that can.
impl From<Infallible> for NameError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The full name of a node, `name@host`: up to 255 printable ASCII characters, and one `@` with something on either side.
///
/// Nodes of our own have stricter names, see [`check_own_name`](super::handshake::check_own_name).
///
/// ```
/// use nodex_proto::{atom, protocol::NodeName};
///
/// let name = NodeName::new("calc@127.0.0.1")?;
/// assert_eq!((name.alive(), name.host()), ("calc", "127.0.0.1"));
/// assert_eq!(NodeName::try_from(atom!("calc@127.0.0.1"))?, name);
/// assert_eq!(NodeName::new("calc").unwrap_err().to_string(), "\"calc\" is no node name");
/// # Ok::<(), nodex_proto::protocol::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Atom);

impl NodeName {
    /// A name from text.
    ///
    /// # Errors
    /// When no node can have it.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let bad = |problem| NameError::Node { name: name.to_owned(), problem };
        check_node_name(name.as_bytes()).map_err(bad)?;
        // As short as it is, it is an atom.
        Atom::new(name).map(NodeName).map_err(|_| bad(NameProblem::TooLong { length: name.len() }))
    }

    /// The name of a node that has come through a handshake.
    #[doc(hidden)]
    pub fn of_a_node(name: Atom) -> Self {
        NodeName(name)
    }

    /// The part before the `@`.
    pub fn alive(&self) -> &str {
        self.0.split_once('@').map_or("", |(alive, _)| alive)
    }

    /// The part behind the `@`.
    pub fn host(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, host)| host)
    }

    /// The name as the atom that it is in terms.
    #[inline]
    pub fn as_atom(&self) -> &Atom {
        &self.0
    }
}

impl TryFrom<Atom> for NodeName {
    type Error = NameError;
    fn try_from(name: Atom) -> Result<Self, NameError> {
        let bad = |problem| NameError::Node { name: name.as_str().to_owned(), problem };
        check_node_name(name.as_bytes()).map_err(bad)?;
        Ok(NodeName(name))
    }
}

impl TryFrom<&Atom> for NodeName {
    type Error = NameError;
    fn try_from(name: &Atom) -> Result<Self, NameError> {
        NodeName::try_from(name.clone())
    }
}

/// The name under which a process is registered on its node: an atom.
///
/// ```
/// use nodex_proto::{atom, protocol::ProcessName};
///
/// assert_eq!(ProcessName::new("orders")?, ProcessName::from(atom!("orders")));
/// assert!(ProcessName::new(&"o".repeat(256)).is_err());
/// # Ok::<(), nodex_proto::protocol::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessName(Atom);

impl ProcessName {
    /// A name from text.
    ///
    /// # Errors
    /// When it has more than 255 characters.
    pub fn new(name: &str) -> Result<Self, NameError> {
        Ok(ProcessName(Atom::new(name)?))
    }

    /// The name as the atom that it is in terms.
    #[inline]
    pub fn as_atom(&self) -> &Atom {
        &self.0
    }
}

impl From<Atom> for ProcessName {
    fn from(name: Atom) -> Self {
        ProcessName(name)
    }
}

impl From<&Atom> for ProcessName {
    fn from(name: &Atom) -> Self {
        ProcessName(name.clone())
    }
}

macro_rules! names {
    ($name:ident: $($text:ty),*) => {$(
        impl TryFrom<$text> for $name {
            type Error = NameError;
            fn try_from(name: $text) -> Result<Self, NameError> {
                let name: &str = name.as_ref();
                $name::new(name)
            }
        }
    )*};
    ($($name:ident)*) => {$(
        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        names!($name: &str, &String, String);

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                $name::new(name)
            }
        }

        impl From<$name> for Atom {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
            }
        }

        impl PartialEq<Atom> for $name {
            fn eq(&self, other: &Atom) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
names!(NodeName ProcessName);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    #[test]
    fn names_are_checked_from_whatever_they_come() {
        let name = NodeName::new("a@b").unwrap_or_else(|error| panic!("{error}"));
        let same = [
            NodeName::try_from("a@b"),
            NodeName::try_from(&"a@b".to_owned()),
            NodeName::try_from("a@b".to_owned()),
            NodeName::try_from(atom!("a@b")),
            NodeName::try_from(&atom!("a@b")),
            Ok(NodeName::from(&name)),
            "a@b".parse(),
        ];
        assert!(same.iter().all(|one| one.as_ref() == Ok(&name)));
        for (bad, problem) in [
            ("", NameProblem::Empty),
            ("a", NameProblem::NotNameAtHost),
            ("a@b@c", NameProblem::NotNameAtHost),
            ("a\u{1b}@b", NameProblem::NotAscii { at: 1 }),
        ] {
            let error = NameError::Node { name: bad.to_owned(), problem };
            assert_eq!(NodeName::new(bad), Err(error.clone()));
            assert_eq!(Atom::new(bad).map(NodeName::try_from), Ok(Err(error)));
        }
        let endless = NodeName::new(&"\u{1b}é".repeat(100_000)).map_err(|error| error.to_string());
        assert!(endless.as_ref().is_err_and(|text| text.len() < 2000 && !text.contains('\u{1b}')), "{endless:?}");
        let long = "p".repeat(256);
        assert_eq!(ProcessName::try_from(&long), Err(NameError::Process(AtomError { characters: 256 })));
        assert_eq!(ProcessName::try_from("p").map(|name| name == "p"), Ok(true));
    }
}
