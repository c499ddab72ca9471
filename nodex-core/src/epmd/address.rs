//! The addresses of epmd, from the environment variables that all Erlang nodes of a host agree on.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use super::EpmdError;

/// The port of epmd unless `ERL_EPMD_PORT` is set.
pub const DEFAULT_PORT: u16 = 4369;

const PORT: &str = "ERL_EPMD_PORT";
const ADDRESS: &str = "ERL_EPMD_ADDRESS";

/// Returns the port of epmd on every host: `ERL_EPMD_PORT`, or 4369.
pub fn port() -> Result<u16, EpmdError> {
    port_from(variable(PORT)?.as_deref())
}

/// Returns the address at which the epmd of this host takes registrations: the loopback address in `ERL_EPMD_ADDRESS`,
/// if it lists one, otherwise 127.0.0.1.
pub fn local_address() -> Result<SocketAddr, EpmdError> {
    Ok(SocketAddr::new(loopback()?.unwrap_or(Ipv4Addr::LOCALHOST.into()), port()?))
}

/// Returns the loopback address in `ERL_EPMD_ADDRESS`, if it lists one.
pub(crate) fn loopback() -> Result<Option<IpAddr>, EpmdError> {
    let addresses = addresses_from(variable(ADDRESS)?.as_deref())?;
    Ok(addresses.into_iter().find(IpAddr::is_loopback))
}

/// Returns the addresses on which an epmd started here listens: those in `ERL_EPMD_ADDRESS`, separated by commas or
/// spaces, and always the loopback addresses of IPv4 and, if the system has it, IPv6. Without the variable OTP's epmd
/// listens on all interfaces; this one listens on loopback only.
pub fn server_addresses() -> Result<Vec<SocketAddr>, EpmdError> {
    let asked = addresses_from(variable(ADDRESS)?.as_deref())?;
    let port = port()?;
    Ok(all_addresses(asked, has_ipv6()).into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// Returns whether an epmd that listens on `addresses` can be reached at `address`. As with OTP's epmd, an address of
/// IPv6 takes no IPv4 connections.
pub fn is_covered(addresses: &[SocketAddr], address: IpAddr) -> bool {
    addresses.iter().any(|known| covers(known.ip(), address))
}

fn covers(known: IpAddr, address: IpAddr) -> bool {
    known == address || known.is_unspecified() && known.is_ipv4() == address.is_ipv4()
}

/// Removes duplicates, and addresses that a wildcard covers: a port cannot be listened on twice.
fn all_addresses(asked: Vec<IpAddr>, ipv6: bool) -> Vec<IpAddr> {
    let loopback_v6 = ipv6.then_some(Ipv6Addr::LOCALHOST.into());
    let asked: Vec<IpAddr> = asked.into_iter().chain([Ipv4Addr::LOCALHOST.into()]).chain(loopback_v6).collect();
    let mut all: Vec<IpAddr> = Vec::new();
    for address in &asked {
        let stands_for_it = |other: &IpAddr| other != address && covers(*other, *address);
        if !all.contains(address) && !asked.iter().any(stands_for_it) {
            all.push(*address);
        }
    }
    all
}

/// Returns whether the system has a loopback address of IPv6.
fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

fn variable(name: &'static str) -> Result<Option<String>, EpmdError> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(value)) => {
            Err(EpmdError::Environment { variable: name, value: value.to_string_lossy().into_owned() })
        }
    }
}

fn port_from(value: Option<&str>) -> Result<u16, EpmdError> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(DEFAULT_PORT) };
    match value.trim().parse() {
        Ok(port) if port != 0 => Ok(port),
        _ => Err(EpmdError::Environment { variable: PORT, value: value.to_owned() }),
    }
}

fn addresses_from(value: Option<&str>) -> Result<Vec<IpAddr>, EpmdError> {
    let invalid = |value: &str| EpmdError::Environment { variable: ADDRESS, value: value.to_owned() };
    value
        .unwrap_or_default()
        .split([',', ' '])
        .filter(|address| !address.is_empty())
        .map(|address| address.parse().map_err(|_| invalid(address)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        assert_eq!(port_from(None).unwrap(), 4369);
        assert_eq!(port_from(Some("")).unwrap(), 4369);
        assert_eq!(port_from(Some("14369")).unwrap(), 14369);
        for wrong in ["0", "-1", "65536", "epmd"] {
            assert_eq!(
                port_from(Some(wrong)).unwrap_err().to_string(),
                format!("the environment variable ERL_EPMD_PORT has the unusable value \"{wrong}\"")
            );
        }
    }

    #[test]
    fn addresses_to_listen_on() {
        let all = |asked: &str, ipv6| {
            let all = all_addresses(addresses_from(Some(asked)).unwrap(), ipv6);
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        for (asked, both, without_ipv6) in [
            ("", "127.0.0.1 ::1", "127.0.0.1"),
            ("127.0.0.1", "127.0.0.1 ::1", "127.0.0.1"),
            ("127.0.0.1,127.0.0.1", "127.0.0.1 ::1", "127.0.0.1"),
            ("10.0.0.1", "10.0.0.1 127.0.0.1 ::1", "10.0.0.1 127.0.0.1"),
            ("0.0.0.0", "0.0.0.0 ::1", "0.0.0.0"),
            ("127.0.0.1 10.0.0.1 0.0.0.0", "0.0.0.0 ::1", "0.0.0.0"),
            ("::", ":: 127.0.0.1", ":: 127.0.0.1"),
            ("::1,0.0.0.0,::", "0.0.0.0 ::", "0.0.0.0 ::"),
        ] {
            assert_eq!((&*all(asked, true), &*all(asked, false)), (both, without_ipv6), "{asked}");
        }
        let listens = ["0.0.0.0:1", "[::1]:1"].map(|address| address.parse().unwrap());
        for (address, covered) in [("127.0.0.1", true), ("10.0.0.1", true), ("::1", true), ("2001:db8::1", false)] {
            assert_eq!(is_covered(&listens, address.parse().unwrap()), covered, "{address}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(addresses_from(None).unwrap(), Vec::<IpAddr>::new());
        let two: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(addresses_from(Some("127.0.0.1, ::1")).unwrap(), two);
        assert!(addresses_from(Some("localhost")).is_err());
    }
}
