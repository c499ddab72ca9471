//! [`ServiceType`] and [`ServiceEnd`].

use std::fmt;

use crate::{
    etf::Decoder,
    term::{Atom, Pid, RawTerm},
    text::Text,
};

/// How many bytes of a reason are shown.
const SHOWN: usize = 200;

/// What the end of a service means for its node: the types that applications of OTP have (`application:start/2`).
///
/// | type | ends with `normal`, `shutdown` or `{shutdown, _}` | ends with another reason |
/// |---|---|---|
/// | permanent | the node ends | the node ends |
/// | transient | is logged | the node ends |
/// | temporary | is logged | is logged |
///
/// A service ends by an exit signal (`exit(Pid, kill)`, or any other if it does not trap exits), by
/// [`Context::stop`](crate::node::Context::stop), by a panic if its options say so, and when it is stopped as a
/// `gen_server`. [`Node::stop_service`](crate::node::Node::stop_service) ends a service without consequences for the
/// node.
///
/// The only service that a node is built with is permanent, several are temporary, and so are spawned ones, unless
/// [`ServiceOptions`](crate::node::ServiceOptions) say otherwise. A node that ends finishes running calls. A node
/// executable then ends with status 4 ([`exit_status`](crate::node::exit_status)) and a line on stderr. A node inside
/// another program closes its connections, [`Node::ended`](crate::node::Node::ended) returns why, and the program goes
/// on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceType {
    /// The node ends with the service.
    Permanent,
    /// The node ends with the service if it fails.
    Transient,
    /// The node continues without the service.
    Temporary,
}

impl ServiceType {
    /// Returns whether the node ends with a service that ends with this reason.
    pub(in crate::node) fn takes_the_node(self, reason: &RawTerm) -> bool {
        match self {
            ServiceType::Permanent => true,
            ServiceType::Transient => !is_ordinary(reason),
            ServiceType::Temporary => false,
        }
    }
}

/// Returns `true` for `normal`, `shutdown` and `{shutdown, _}`, as for supervisors.
pub(in crate::node) fn is_ordinary(reason: &RawTerm) -> bool {
    let mut decoder = Decoder::new(reason.as_bytes());
    let is = |decoder: &mut Decoder<'_>, names: &[&str]| decoder.atom_name().is_ok_and(|name| names.contains(&&*name));
    match Decoder::new(reason.as_bytes()).tuple() {
        Ok(2) => decoder.tuple().is_ok() && is(&mut decoder, &["shutdown"]),
        _ => is(&mut decoder, &["normal", "shutdown"]),
    }
}

/// The end of a service that ends its node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceEnd {
    /// The name that it was registered under.
    pub name: Option<Atom>,
    /// Its pid.
    pub pid: Pid,
    /// Its exit reason.
    pub reason: RawTerm,
}

impl fmt::Display for ServiceEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service ")?;
        if let Some(name) = &self.name {
            // What a peer has chosen may be part of it.
            write!(f, "{} ", name.as_str().escape_debug())?;
        }
        write!(f, "has ended: {}", Text::of_valid(self.reason.as_bytes()).max_len(SHOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::IntoTerm;

    fn raw(term: impl IntoTerm) -> RawTerm {
        RawTerm::from_value(&term).unwrap()
    }

    #[test]
    fn ends_are_normal_or_not_as_for_a_supervisor() {
        let (normal, shutdown) = (crate::atom!("normal"), crate::atom!("shutdown"));
        let (transient, permanent, temporary) =
            (ServiceType::Transient, ServiceType::Permanent, ServiceType::Temporary);
        for reason in [raw(normal.clone()), raw(shutdown.clone()), raw((shutdown.clone(), 7))] {
            assert!(is_ordinary(&reason), "{reason}");
            assert!(!transient.takes_the_node(&reason) && permanent.takes_the_node(&reason));
        }
        let others = [raw(crate::atom!("killed")), raw((normal, 7)), raw((shutdown, 7, 8)), raw("normal"), raw(7)];
        for reason in others {
            assert!(!is_ordinary(&reason), "{reason}");
            assert!(transient.takes_the_node(&reason) && !temporary.takes_the_node(&reason));
        }
    }

    #[test]
    fn an_end_is_told_in_one_short_line() {
        let pid = Pid { node: crate::atom!("a@h"), id: 1, serial: 0, creation: 4 };
        let end = |name: Option<&'static str>, reason| {
            ServiceEnd { name: name.map(Atom::from_static), pid: pid.clone(), reason }.to_string()
        };
        assert_eq!(end(Some("orders"), raw(crate::atom!("killed"))), "the service orders has ended: killed");
        assert_eq!(end(None, raw((crate::atom!("a"), 1))), "the service has ended: {a,1}");
        assert_eq!(end(None, raw(Atom::new("a\n\u{1b}[2J").unwrap())), "the service has ended: 'a\\n\\e[2J'");
        let long = end(None, raw(vec![2_000_000u64; 500_000]));
        assert!(long.len() < 300 && long.starts_with("the service has ended: [2000000,2000000,"), "{long}");
    }
}
