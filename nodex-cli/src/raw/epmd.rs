//! The epmd that a host of this command is registered with.

use std::net::{IpAddr, SocketAddr};

use nodex_core::{
    epmd::{Client, EpmdError, Server, is_covered, server_addresses},
    error::Chain,
};
use tokio::task::JoinHandle;

use super::host::host_error;
use crate::failure::{Code, Failure};

/// An epmd, of this machine or in this program.
pub(crate) struct Epmd {
    pub(crate) client: Client,
    served: Option<JoinHandle<()>>,
}

impl Epmd {
    /// Uses the epmd of this machine if it answers; otherwise one in this program, at the same port, also for nodes at
    /// `address`.
    ///
    /// # Errors
    /// Returns an error when what answers is no epmd, or the port cannot be listened on.
    pub(crate) async fn of_the_machine(address: IpAddr) -> Result<Epmd, Failure> {
        let client = Client::local().map_err(|error| host_error(&error))?;
        match client.names().await {
            Ok(_) => Ok(Epmd { client, served: None }),
            Err(EpmdError::NotRunning { .. }) => {
                let mut addresses = server_addresses().map_err(|error| host_error(&error))?;
                let port = client.address().port();
                if !is_covered(&addresses, address) {
                    addresses.push(SocketAddr::new(address, port));
                }
                let mut epmd = Epmd::serve(&addresses).await?;
                epmd.client = client;
                Ok(epmd)
            }
            Err(error) => Err(host_error(&error)),
        }
    }

    /// Starts an epmd in this program, at any free port of this address, so that no other nodes are found.
    ///
    /// # Errors
    /// Returns an error when the address cannot be listened on.
    pub(crate) async fn private(address: IpAddr) -> Result<Epmd, Failure> {
        Epmd::serve(&[SocketAddr::new(address, 0)]).await
    }

    async fn serve(addresses: &[SocketAddr]) -> Result<Epmd, Failure> {
        let server = Server::bind_all(addresses).await.map_err(|error| {
            let shown = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Failure::new(
                Code::NotReachable,
                format!("an epmd cannot listen on {shown}: {error}", error = Chain(&error)),
            )
        })?;
        let client = Client::new(server.local_addr());
        let served = tokio::spawn(async move {
            server.run(std::future::pending()).await;
        });
        Ok(Epmd { client, served: Some(served) })
    }

    /// Returns whether it is in this program.
    pub(crate) fn is_embedded(&self) -> bool {
        self.served.is_some()
    }

    pub(crate) fn port(&self) -> u16 {
        self.client.address().port()
    }
}

impl Drop for Epmd {
    fn drop(&mut self) {
        if let Some(served) = &self.served {
            served.abort();
        }
    }
}
