//! Names of nodes and of registered processes, checked when they are created.

use std::{convert::Infallible, fmt, ops::Deref};

use super::handshake::{NameProblem, check_node_name};
use crate::term::{Atom, AtomError};

/// The reason why a name cannot be that of a node or of a process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No node can have this name.
    #[error("{:?} is no node name", shown(name))]
    Node {
        /// The name.
        name: String,
        /// The reason.
        #[source]
        problem: NameProblem,
    },
    /// No process can be registered under this name.
    #[error("no process can have this name")]
    Process(#[from] AtomError),
}

/// Returns the part of the name that is shown, which is longer than a name can be.
fn shown(name: &str) -> &str {
    const LIMIT: usize = 300;
    name.char_indices().nth(LIMIT).map_or(name, |(end, _)| &name[..end])
}

// Conversions that cannot fail are accepted by functions that take fallible ones.
impl From<Infallible> for NameError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The full name of a node, `name@host`: up to 255 printable ASCII characters, with one `@` that is neither the first
/// nor the last of them.
///
/// The names of nodes of this program are more restricted, see [`check_own_name`](super::handshake::check_own_name).
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
    /// Creates a name from text.
    ///
    /// # Errors
    /// Returns an error when no node can have this name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let bad = |problem| NameError::Node { name: name.to_owned(), problem };
        check_node_name(name.as_bytes()).map_err(bad)?;
        // A name that has been checked fits an atom.
        Atom::new(name).map(NodeName).map_err(|_| bad(NameProblem::TooLong { length: name.len() }))
    }

    /// Creates the name of a node from a handshake, which has checked it.
    #[doc(hidden)]
    pub fn of_a_node(name: Atom) -> Self {
        NodeName(name)
    }

    /// Returns the part before the `@`.
    pub fn alive(&self) -> &str {
        self.0.split_once('@').map_or("", |(alive, _)| alive)
    }

    /// Returns the part after the `@`.
    pub fn host(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, host)| host)
    }

    /// Returns the name as an atom, its form in terms.
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
    /// Creates a name from text.
    ///
    /// # Errors
    /// Returns an error when the name has more than 255 characters.
    pub fn new(name: &str) -> Result<Self, NameError> {
        Ok(ProcessName(Atom::new(name)?))
    }

    /// Returns the name as an atom, its form in terms.
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
