//! The names that nodes of this program can have: those that a BEAM can have.

use super::name::{NameProblem, check_node_name};

/// Checks the full name, `name@host`, of a node of this program.
///
/// Before the `@` it may have letters, digits, `_` and `-`, as for a BEAM (`net_kernel`, OTP 23 to 29). The host
/// follows the first `@`: a name with dots and underscores, or an address. Other nodes can have any name that the
/// protocol allows: see [`check_node_name`].
///
/// ```
/// use nodex_proto::protocol::handshake::{NameProblem, check_own_name};
///
/// assert!(check_own_name("price-2_a@my_host.example").is_ok());
/// assert!(check_own_name("calc@::1").is_ok());
/// assert_eq!(check_own_name("calc.bin@host"), Err(NameProblem::NotAllowed));
/// ```
///
/// # Errors
/// Returns what is wrong with the name.
pub fn check_own_name(name: &str) -> Result<(), NameProblem> {
    match name.split_once('@') {
        Some((alive, _)) if !is_allowed(alive) => Err(NameProblem::NotAllowed),
        _ => check_node_name(name.as_bytes()).map(drop),
    }
}

fn is_allowed(alive: &str) -> bool {
    !alive.is_empty() && alive.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `erl -name` of OTP 23, 25, 27 and 29 starts with.
    #[test]
    fn what_a_beam_can_be_called() {
        let long = format!("{}@vm", "a".repeat(252));
        for name in ["a-b_C9@vm", "9a@vm", "_@vm", "a@::1", "a@host_x.y", "a@127.0.0.1", &long] {
            assert_eq!(check_own_name(name), Ok(()), "{name}");
        }
    }

    /// What it calls an invalid node name.
    #[test]
    fn what_it_cannot_be_called() {
        for alive in ["a.b", "a b", "a:b", "a+b", "a/b", "a#b", "\u{e4}", "", "a\nb", "a\0b", "a\u{202e}b"] {
            assert_eq!(check_own_name(&format!("{alive}@127.0.0.1")), Err(NameProblem::NotAllowed), "{alive:?}");
        }
        assert_eq!(check_own_name("a@b@c.d"), Err(NameProblem::NotNameAtHost));
        assert_eq!(check_own_name("a@"), Err(NameProblem::NotNameAtHost));
        assert_eq!(check_own_name("a"), Err(NameProblem::NotNameAtHost));
        let long = format!("{}@vm", "a".repeat(253));
        assert_eq!(check_own_name(&long), Err(NameProblem::TooLong { length: 256 }));
    }

    /// They may be peers, such as C nodes.
    #[test]
    fn others_may_be_called_so() {
        for name in ["a.b@vm", "a+b@vm", "a/b@vm", "a:b@vm"] {
            assert_eq!(check_node_name(name.as_bytes()), Ok(name));
        }
    }
}
