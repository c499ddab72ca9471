//! Where the nodes of a host are found, and how this one is made known there.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use crate::{
    epmd::{self, Client, Entry, EpmdError, Registered},
    error::Chain,
};

/// How long to wait between attempts to register again, as `erl_epmd` does.
const AGAIN: Duration = Duration::from_secs(2);

/// How long an epmd may take to hear that the node of a name has ended. A busy system has been seen to tell it of the next
/// registration first.
const RELEASED: Duration = Duration::from_millis(500);

/// How long to wait between attempts in that time.
const SOON: Duration = Duration::from_millis(10);

/// How the port of a node is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locate {
    /// By asking the epmd of its host, on this port.
    Epmd(u16),
    /// All nodes listen on this port, each on a host or address of its own; there is no epmd.
    Fixed(u16),
}

impl Locate {
    /// By `ERL_DIST_PORT` if that is set, as Erlang's `-erl_epmd_port`; else by the epmds on `ERL_EPMD_PORT`, or 4369.
    ///
    /// # Errors
    /// When a variable holds no port.
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

    /// Where the node `name` (the part before the `@`) of this host listens.
    pub(crate) async fn find(self, name: &str, host: IpAddr) -> Result<SocketAddr, EpmdError> {
        let port = match self {
            Locate::Fixed(port) => port,
            Locate::Epmd(port) => Client::new(SocketAddr::new(host, port)).lookup(name).await?.port,
        };
        Ok(SocketAddr::new(host, port))
    }
}

/// Registers a node in the epmd of this host. What is returned registers it again whenever that epmd comes back, and takes
/// the registration along when it is dropped.
///
/// `loopback` is where that epmd is unless `ERL_EPMD_ADDRESS` says otherwise: nodes that listen on IPv6 register there as
/// well, as `erl_epmd` does.
///
/// A name that is taken is asked for again for a moment: its node may just have ended, and epmd not heard of that yet.
///
/// # Errors
/// When epmd does not take it, of a name that is taken after half a second.
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
