//! Which node names are accepted. A BEAM reads names as Latin-1 but writes pids with UTF-8 atoms, so only ASCII has the
//! same meaning both ways.
use thiserror::Error;

/// The longest node name in bytes: it must fit an atom.
pub const MAX_NODE_NAME: usize = 255;

/// What is wrong with a node name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// The name is empty.
    #[error("it is empty")]
    Empty,
    /// The name is longer than an atom can be.
    #[error("it has {length} bytes, at most 255 are possible")]
    TooLong {
        /// The number of bytes.
        length: usize,
    },
    /// A byte is a space, a control character or not ASCII.
    #[error("byte {at} is not printable ascii")]
    NotAscii {
        /// The index of the byte, from 0.
        at: usize,
    },
    /// The name is not of the form `name@host`.
    #[error("it is not of the form name@host")]
    NotNameAtHost,
    /// A host contains an `@`.
    #[error("it is not a host name")]
    NotHost,
    /// The name of a node of this program must be one that a BEAM can have. Other nodes can have other names.
    #[error("before the @ there can only be letters A-Z and a-z, digits, _ and -, and there has to be at least one")]
    NotAllowed,
}

/// Checks a full node name, `name@host` with neither part empty.
pub fn check_node_name(name: &[u8]) -> Result<&str, NameProblem> {
    let name = check_text(name)?;
    match name.split_once('@') {
        Some((alive, host)) if !alive.is_empty() && !host.is_empty() && !host.contains('@') => Ok(name),
        _ => Err(NameProblem::NotNameAtHost),
    }
}

/// Checks the host that a node sends in place of its name when it asks for one.
pub(super) fn check_host(host: &[u8]) -> Result<&str, NameProblem> {
    let host = check_text(host)?;
    if host.contains('@') { Err(NameProblem::NotHost) } else { Ok(host) }
}

/// Returns the part after the `@`.
pub(super) fn host_of(name: &str) -> &str {
    name.split_once('@').map_or("", |(_, host)| host)
}

fn check_text(text: &[u8]) -> Result<&str, NameProblem> {
    if text.is_empty() {
        return Err(NameProblem::Empty);
    }
    if text.len() > MAX_NODE_NAME {
        return Err(NameProblem::TooLong { length: text.len() });
    }
    if let Some(at) = text.iter().position(|byte| !byte.is_ascii_graphic()) {
        return Err(NameProblem::NotAscii { at });
    }
    std::str::from_utf8(text).map_err(|error| NameProblem::NotAscii { at: error.valid_up_to() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names() {
        for good in ["a@b", "orders-1@127.0.0.1", "a@::1", "x.y$z@h"] {
            assert_eq!(check_node_name(good.as_bytes()), Ok(good));
        }
        let too_long = format!("a@{}", "h".repeat(254));
        let cases: [(&[u8], NameProblem); 9] = [
            (b"", NameProblem::Empty),
            (b"a", NameProblem::NotNameAtHost),
            (b"@b", NameProblem::NotNameAtHost),
            (b"a@", NameProblem::NotNameAtHost),
            (b"a@b@c", NameProblem::NotNameAtHost),
            (b"a b@c", NameProblem::NotAscii { at: 1 }),
            (b"\xe9@c", NameProblem::NotAscii { at: 0 }),
            (b"a\0@c", NameProblem::NotAscii { at: 1 }),
            (too_long.as_bytes(), NameProblem::TooLong { length: 256 }),
        ];
        for (name, problem) in cases {
            assert_eq!(check_node_name(name), Err(problem), "{name:?}");
        }
    }

    #[test]
    fn hosts() {
        assert_eq!(check_host(b"127.0.0.1"), Ok("127.0.0.1"));
        assert_eq!(check_host(b"a@b"), Err(NameProblem::NotHost));
        assert_eq!(check_host(b""), Err(NameProblem::Empty));
        assert_eq!(host_of("a@b"), "b");
    }
}
