//! How the port of a node is found, and how this node is registered.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use crate::{
    epmd::{self, Client, Entry, EpmdError, Registered},
    error::Chain,
};

/// The pause between attempts to register again, as in `erl_epmd`.
const AGAIN: Duration = Duration::from_secs(2);

/// How long an epmd may take to notice that the node of a name has ended. On a busy system it may receive the next
/// registration first.
const RELEASED: Duration = Duration::from_millis(500);

/// The pause between attempts in that time.
const SOON: Duration = Duration::from_millis(10);

/// How the port of a node is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locate {
    /// From the epmd of its host, on this port.
    Epmd(u16),
    /// Without epmd: all nodes listen on this port, each on a host or address of its own.
    Fixed(u16),
}

impl Locate {
    /// Reads the environment: `ERL_DIST_PORT`, as Erlang's `-erl_epmd_port`, otherwise epmd on `ERL_EPMD_PORT` or 4369.
    ///
    /// # Errors
    /// Returns an error when a variable holds no port.
    pub(crate) fn from_environment() -> Result<Self, EpmdError> {
        const VARIABLE: &str = "ERL_DIST_PORT";
        match std::env::var_os(VARIABLE) {
            None => epmd::port().map(Locate::Epmd),
            Some(value) => match value.to_str().and_then(|text| text.parse().ok()) {
                Some(port @ 1..) => Ok(Locate::Fixed(port)),
                _ => Err(EpmdError::Environment { variable: VARIABLE, value: value.to_string_lossy().into_owned() }),
            },
        }
    }

    /// Returns where the node `name` (the part before the `@`) of this host listens.
    pub(crate) async fn find(self, name: &str, host: IpAddr) -> Result<SocketAddr, EpmdError> {
        let port = match self {
            Locate::Fixed(port) => port,
            Locate::Epmd(port) => Client::new(SocketAddr::new(host, port)).lookup(name).await?.port,
        };
        Ok(SocketAddr::new(host, port))
    }
}

/// Registers a node in the epmd of this host. The returned future registers it again whenever that epmd comes back, and
/// removes the registration when it is dropped.
///
/// `loopback` is the address of epmd unless `ERL_EPMD_ADDRESS` is set: nodes that listen on IPv6 register there too, as
/// in `erl_epmd`.
///
/// If the name is taken, the request is repeated for a moment: its node may just have ended, without epmd having
/// noticed.
///
/// # Errors
/// Returns an error when epmd refuses, after half a second if the name is taken.
pub(crate) async fn publish(
    epmd_port: u16,
    loopback: IpAddr,
    entry: Entry,
) -> Result<impl Future<Output = ()> + Send + use<>, EpmdError> {
    let client = Client::new(SocketAddr::new(epmd::loopback()?.unwrap_or(loopback), epmd_port));
    let deadline = Instant::now() + RELEASED;
    let registered = loop {
        match client.register(&entry).await {
            Err(EpmdError::NameTaken { .. }) if Instant::now() < deadline => tokio::time::sleep(SOON).await,
            result => break result?,
        }
    };
    Ok(keep_published(client, entry, registered))
}

async fn keep_published(client: Client, entry: Entry, mut registered: Registered) {
    loop {
        registered.lost().await;
        tracing::warn!(epmd = %client.address(), name = entry.name, "epmd is gone, and the registration with it");
        registered = loop {
            tokio::time::sleep(AGAIN).await;
            match client.register(&entry).await {
                // The creation stays the one that peers know.
                Ok(registered) => break registered,
                Err(error) => tracing::debug!(error = %Chain(&error), "not registered again yet"),
            }
        };
        tracing::info!(epmd = %client.address(), name = entry.name, "registered again");
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::epmd::Server;

    #[tokio::test]
    async fn a_name_that_is_given_back_soon_is_taken_and_one_that_is_kept_is_not() {
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let (address, loopback) = (server.local_addr(), IpAddr::from(Ipv4Addr::LOCALHOST));
        tokio::spawn(server.run(std::future::pending()));
        let client = Client::new(address);
        let first = client.register(&Entry::hidden("a", 1)).await.unwrap();
        let again = tokio::spawn(publish(address.port(), loopback, Entry::hidden("a", 2)));
        // So that it is refused first.
        tokio::time::sleep(10 * SOON).await;
        drop(first);
        let _second = again.await.unwrap().unwrap();
        assert_eq!(client.lookup("a").await.unwrap().port, 2);
        let refused = publish(address.port(), loopback, Entry::hidden("a", 3)).await.err();
        assert!(matches!(refused, Some(EpmdError::NameTaken { .. })), "{refused:?}");
        assert_eq!(client.lookup("a").await.unwrap().port, 2);
    }
}
