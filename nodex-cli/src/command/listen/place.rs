//! Where a node of a name listens, so that others find it by that name.

use std::net::{IpAddr, Ipv4Addr};

use nodex_core::{error::Chain, protocol::handshake::check_own_name};

use crate::failure::{Code, Failure};

/// Returns the full name of the node, and the address to listen on.
pub(super) async fn of(node: &str, address: Option<IpAddr>) -> Result<(String, IpAddr), Failure> {
    let name = match node.contains('@') {
        true => node.to_owned(),
        false => format!("{node}@{}", address.unwrap_or(Ipv4Addr::LOCALHOST.into())),
    };
    check_own_name(&name).map_err(|problem| {
        Failure::new(Code::Usage, format!("{name:?} is no node name: {problem}", problem = Chain(&problem)))
    })?;
    let host = name.split_once('@').map_or("", |(_, host)| host);
    if let Some(address) = address {
        return Ok((name, address));
    }
    let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| {
        Failure::new(
            Code::NotReachable,
            format!("the host {host} of {name} is unknown: {error}", error = Chain(&error)),
        )
        .hint("others find the node by this host: name@127.0.0.1 is always there")
    })?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    match found.iter().find(|address| address.is_loopback()) {
        Some(address) => Ok((name, *address)),
        None => {
            let found = found.first().map(ToString::to_string).unwrap_or_default();
            Err(Failure::new(Code::Usage, format!("{host} is {found}, where other machines can connect"))
                .hint(format!("--address {found} listens there; {}@127.0.0.1 is for this machine only", alive(&name))))
        }
    }
}

fn alive(name: &str) -> &str {
    name.split('@').next().unwrap_or_default()
}
