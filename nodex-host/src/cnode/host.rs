//! [`HostNode`]: the data about its host that a node receives.

use std::{env, fmt};

use nodex_core::{
    epmd,
    node::Node,
    protocol::{Cookie, CookieError, NameError, NodeName},
};
use thiserror::Error;

/// The host node as a child sees it: its name, its cookie, and how it is found.
#[derive(Clone)]
pub struct HostNode {
    name: NodeName,
    cookie: String,
    epmd_port: u16,
    /// The common port of all nodes, when there is no epmd.
    dist_port: Option<u16>,
}

/// The host that nodes belong to. It lives as long as one of them refers to it.
pub(crate) trait Host: fmt::Debug + Send + Sync {
    /// Returns the host's own node.
    fn node(&self) -> &Node;

    /// Returns the data about it for children.
    fn described(&self) -> &HostNode;
}

/// Why a [`HostNode`] cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HostNodeError {
    /// The name is not a valid node name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The cookie is not valid.
    #[error(transparent)]
    Cookie(#[from] CookieError),
}

impl HostNode {
    /// Creates the description of a host node with the full name `alive@hostname` and this cookie. The environment of
    /// this program decides how it is found: by epmd on `ERL_EPMD_PORT`, or without epmd on `ERL_DIST_PORT`.
    ///
    /// # Errors
    /// Returns an error when the name or the cookie is not valid.
    pub fn new(
        name: impl TryInto<NodeName, Error: Into<NameError>>,
        cookie: impl Into<String>,
    ) -> Result<HostNode, HostNodeError> {
        let cookie = cookie.into();
        Cookie::new(&cookie)?;
        let name = name.try_into().map_err(Into::into)?;
        let epmd_port = epmd::port().unwrap_or(epmd::DEFAULT_PORT);
        let dist_port = env::var("ERL_DIST_PORT").ok().and_then(|port| port.parse().ok());
        Ok(HostNode { name, cookie, epmd_port, dist_port })
    }

    /// Sets the port of the epmd at which the host is registered, whatever the environment of this program says.
    #[must_use]
    pub fn with_epmd_port(mut self, port: u16) -> HostNode {
        (self.epmd_port, self.dist_port) = (port, None);
        self
    }

    /// Sets the port on which all nodes listen, without epmd. Children receive it in `ERL_DIST_PORT`.
    #[must_use]
    pub fn with_dist_port(mut self, port: u16) -> HostNode {
        self.dist_port = Some(port);
        self
    }

    /// Returns the common port of all nodes, if there is no epmd.
    pub fn dist_port(&self) -> Option<u16> {
        self.dist_port
    }

    /// Returns the port of the epmd at which the host is registered. Children receive it in `ERL_EPMD_PORT`.
    pub fn epmd_port(&self) -> u16 {
        self.epmd_port
    }

    /// Returns the full name of the host.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the part of the name before the `@`.
    pub fn alive(&self) -> &str {
        self.name.alive()
    }

    /// Returns the part of the name after the `@`.
    pub fn hostname(&self) -> &str {
        self.name.host()
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
        assert!(matches!(HostNode::new("master", "c"), Err(HostNodeError::Name(_))));
        assert!(matches!(HostNode::new("ma\nster@h", "c"), Err(HostNodeError::Name(_))));
        assert_eq!(HostNode::new("m@h", "").unwrap_err(), HostNodeError::Cookie(CookieError::Empty));
    }
}
