//! What a node is told about its host.

use std::{env, fmt};

use nodex_core::{
    epmd,
    node::Node,
    protocol::{
        Cookie, CookieError,
        handshake::{NameProblem, check_node_name},
    },
};
use thiserror::Error;

/// The host node as a child sees it: whom to connect to, and the cookie.
#[derive(Clone)]
pub struct HostNode {
    name: String,
    at: usize,
    cookie: String,
    epmd_port: u16,
    /// The one port of all nodes, where there is no epmd.
    dist_port: Option<u16>,
}

/// What nodes need of the host that they belong to: it goes on for as long as one of them has it.
pub(crate) trait Host: fmt::Debug + Send + Sync {
    /// The host's own node.
    fn node(&self) -> &Node;

    /// What children are told of it.
    fn described(&self) -> &HostNode;
}

/// Why a host node cannot be described so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HostNodeError {
    /// Not a node name.
    #[error("\"{}\" is no node name", name.escape_debug())]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// Not a cookie.
    #[error(transparent)]
    Cookie(#[from] CookieError),
}

impl HostNode {
    /// A host node by its full name, `alive@hostname`, and its cookie. How it is found is as this program's environment
    /// tells it: by the epmd on `ERL_EPMD_PORT`, or without any on `ERL_DIST_PORT`.
    ///
    /// # Errors
    /// When one of them is not possible.
    pub fn new(name: impl Into<String>, cookie: impl Into<String>) -> Result<HostNode, HostNodeError> {
        let (name, cookie) = (name.into(), cookie.into());
        Cookie::new(&cookie)?;
        let at = match check_node_name(name.as_bytes()) {
            Ok(checked) => checked.find('@').unwrap_or_default(),
            Err(problem) => return Err(HostNodeError::Name { name, problem }),
        };
        let epmd_port = epmd::port().unwrap_or(epmd::DEFAULT_PORT);
        let dist_port = env::var("ERL_DIST_PORT").ok().and_then(|port| port.parse().ok());
        Ok(HostNode { name, at, cookie, epmd_port, dist_port })
    }

    /// It is registered in the epmd on this port, whatever this program's environment tells.
    #[must_use]
    pub fn with_epmd_port(mut self, port: u16) -> HostNode {
        (self.epmd_port, self.dist_port) = (port, None);
        self
    }

    /// It listens on this port, as all nodes do; there is no epmd. Children are told by `ERL_DIST_PORT`.
    #[must_use]
    pub fn with_dist_port(mut self, port: u16) -> HostNode {
        self.dist_port = Some(port);
        self
    }

    /// The one port of all nodes, where there is no epmd.
    pub fn dist_port(&self) -> Option<u16> {
        self.dist_port
    }

    /// The port of the epmd where it is registered; children are told by `ERL_EPMD_PORT`.
    pub fn epmd_port(&self) -> u16 {
        self.epmd_port
    }

    /// Its full name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part of its name before the `@`.
    pub fn alive(&self) -> &str {
        &self.name[..self.at]
    }

    /// The part of its name after the `@`.
    pub fn hostname(&self) -> &str {
        &self.name[self.at + 1..]
    }

    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }
}

impl fmt::Debug for HostNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostNode({:?})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let host = HostNode::new("master@127.0.0.1", "secret").unwrap();
        assert_eq!((host.alive(), host.hostname(), host.cookie()), ("master", "127.0.0.1", "secret"));
        assert!(!format!("{host:?}").contains("secret"));
    }

    #[test]
    fn what_is_refused() {
        assert!(matches!(HostNode::new("master", "c"), Err(HostNodeError::Name { .. })));
        assert!(matches!(HostNode::new("ma\nster@h", "c"), Err(HostNodeError::Name { .. })));
        assert_eq!(HostNode::new("m@h", "").unwrap_err(), HostNodeError::Cookie(CookieError::Empty));
    }
}
