//! [`DistributedBuilder`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use nodex_core::{
    node::NameError,
    node::{self, ready_process},
    protocol::{Cookie, handshake::check_own_name},
};
use tokio::runtime::Handle;

use super::{Distributed, EpmdMode, UpError, cookie, epmd, handle::Inner, slave::Slaves};
use crate::cnode::{HostNode, HostNodeError};

impl Distributed {
    /// Makes this program the node `name@ip`, which listens on `ip`. The cookie comes from the environment or the
    /// user's cookie file; if there is none, it is random. If no epmd answers, one runs in this program.
    ///
    /// # Errors
    /// Returns an error when the name, the cookie, epmd or the address cannot be used.
    pub async fn up(name: &str, ip: impl Into<IpAddr>) -> Result<Distributed, UpError> {
        DistributedBuilder::new(name).ip(ip).up().await
    }

    /// Returns the options of a node with this name, the part before the `@`.
    pub fn builder(name: &str) -> DistributedBuilder {
        DistributedBuilder::new(name)
    }
}

/// The options of the node of the host.
#[derive(Debug)]
pub struct DistributedBuilder {
    name: String,
    ip: IpAddr,
    hostname: Option<String>,
    cookie: Option<Cookie>,
    epmd: EpmdMode,
    epmd_port: Option<u16>,
    node: node::NodeBuilder,
}

impl DistributedBuilder {
    /// Creates the options of a node with this name, the part before the `@`.
    pub fn new(name: &str) -> DistributedBuilder {
        DistributedBuilder {
            name: name.to_owned(),
            ip: Ipv4Addr::LOCALHOST.into(),
            hostname: None,
            cookie: None,
            epmd: EpmdMode::default(),
            epmd_port: None,
            // The tasks that call run in the runtime: to drive connections elsewhere would be two wake-ups for each call.
            node: node::NodeBuilder::new().readers(0),
        }
    }

    /// Sets the address to listen on. Default: 127.0.0.1.
    #[must_use]
    pub fn ip(mut self, ip: impl Into<IpAddr>) -> Self {
        self.ip = ip.into();
        self
    }

    /// Sets the part of the name after the `@`, by which other nodes find it. Default: its address.
    #[must_use]
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.hostname = Some(hostname.into());
        self
    }

    /// Sets the cookie. Default: the one that [`CookieSource`](node::CookieSource) finds in the environment or the
    /// user's cookie file; if there is none, a random one, which only nodes started from here know.
    #[must_use]
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.cookie = Some(cookie);
        self
    }

    /// Sets which epmd is used. Default: that of the system, or an embedded one if none answers.
    #[must_use]
    pub fn epmd(mut self, epmd: EpmdMode) -> Self {
        self.epmd = epmd;
        self
    }

    /// Sets the port of epmd, embedded or not. Default: `ERL_EPMD_PORT` or 4369.
    #[must_use]
    pub fn epmd_port(mut self, port: u16) -> Self {
        self.epmd_port = Some(port);
        self
    }

    /// Sets the services and the limits of the node. Its connections are driven by the runtime in which it is started, as
    /// [`readers(0)`](node::NodeBuilder::readers) does, unless this sets another number.
    #[must_use]
    pub fn node(mut self, configure: impl FnOnce(node::NodeBuilder) -> node::NodeBuilder) -> Self {
        self.node = configure(self.node);
        self
    }

    /// Starts the node in the current tokio runtime.
    ///
    /// # Errors
    /// Returns an error when the name, the cookie, epmd or the address cannot be used.
    pub async fn up(self) -> Result<Distributed, UpError> {
        ready_process()?;
        let name = format!("{}@{}", self.name, self.hostname.unwrap_or_else(|| self.ip.to_string()));
        // Before an epmd is started for it.
        if let Err(problem) = check_own_name(&name) {
            return Err(HostNodeError::Name(NameError::Node { name, problem }).into());
        }
        let cookie = match self.cookie {
            Some(cookie) => cookie,
            None => cookie::default()?,
        };
        let host = HostNode::new(name, cookie.expose())?;
        let (epmd_port, epmd) = epmd::find(self.epmd, self.epmd_port, self.ip).await?;
        let host = host.with_epmd_port(epmd_port);
        let node = self.node.epmd_port(epmd_port).listen(SocketAddr::new(self.ip, 0));
        let node = node.start(host.name(), cookie).await?;
        let (ip, slaves, runtime) = (self.ip, Slaves::new(), Handle::current());
        Ok(Distributed(Inner { node, host, ip, slaves, epmd, runtime }.into()))
    }
}
