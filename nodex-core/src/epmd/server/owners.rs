//! The owners of connections from this machine, as the system reports them, so that no process can take all names.
use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Both ends of a connection, that of the client first.
pub(super) type Ends = (SocketAddr, SocketAddr);

/// The owner of a connection, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    /// The process; `None` if it belongs to another user and this process is not root's, so that it cannot be looked
    /// into.
    pub(super) process: Option<u32>,
    pub(super) user: Option<u32>,
    pub(super) address: IpAddr,
}

impl Owner {
    /// Returns whether the two count as one: the same process, as far as it is known.
    pub(super) fn is(&self, other: &Owner) -> bool {
        match (self.process, other.process, self.user, other.user) {
            (Some(one), Some(two), ..) => one == two,
            (None, None, Some(one), Some(two)) => one == two,
            (None, None, None, None) => self.address == other.address,
            _ => false,
        }
    }
}

/// Returns the owners of these connections, in their order. Reads the system's tables of all connections and processes,
/// which takes some milliseconds.
pub(super) fn owners(connections: &[Ends]) -> Vec<Owner> {
    let mut sockets = HashMap::new();
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        sockets.extend(fs::read_to_string(table).unwrap_or_default().lines().skip(1).filter_map(line));
    }
    let found: Vec<Option<&Socket>> = connections.iter().map(|ends| sockets.get(&canonical(*ends))).collect();
    let processes = processes(found.iter().flatten().map(|socket| (socket.inode, 0)).collect());
    let owner = |(socket, ends): (Option<&Socket>, &Ends)| Owner {
        process: socket.and_then(|socket| processes.get(&socket.inode).copied()).filter(|process| *process != 0),
        user: socket.map(|socket| socket.user),
        address: ends.0.ip().to_canonical(),
    };
    found.into_iter().zip(connections).map(owner).collect()
}

struct Socket {
    user: u32,
    inode: u64,
}

fn canonical((one, two): Ends) -> Ends {
    let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    (canonical(one), canonical(two))
}

/// `sl local rem st tx:rx tr:when retrnsmt uid timeout inode ..` (proc(5)).
fn line(line: &str) -> Option<(Ends, Socket)> {
    let mut fields = line.split_whitespace().skip(1);
    let ends = canonical((end(fields.next()?)?, end(fields.next()?)?));
    let user = fields.nth(4)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some((ends, Socket { user, inode }))
}

/// `Address:Port` in hexadecimal, the address in words of the machine's own order.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let mut bytes = Vec::with_capacity(16);
    for word in address.as_bytes().chunks(8) {
        bytes.extend(u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?.to_ne_bytes());
    }
    let address = match (<[u8; 4]>::try_from(&bytes[..]), <[u8; 16]>::try_from(&bytes[..])) {
        (Ok(four), _) => IpAddr::from(four),
        (_, Ok(sixteen)) => Ipv6Addr::from(sixteen).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

/// Returns the processes that have these sockets, by their inodes; of several the first.
fn processes(mut sockets: HashMap<u64, u32>) -> HashMap<u64, u32> {
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = process.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        for descriptor in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let Ok(target) = fs::read_link(descriptor.path()) else { continue };
            let inode = target.to_str().and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(owner) = inode.and_then(|inode: u64| sockets.get_mut(&inode))
                && *owner == 0
            {
                *owner = number;
            }
        }
    }
    sockets
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_owner_of_a_connection_is_found() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let ends = (near.local_addr().unwrap(), near.peer_addr().unwrap());
            let nobody = ("127.0.0.9:1".parse().unwrap(), ends.1);
            let owners = owners(&[nobody, ends]);
            assert_eq!(owners[0], Owner { process: None, user: None, address: "127.0.0.9".parse().unwrap() });
            assert_eq!(owners[1].process, Some(std::process::id()));
            assert_eq!(owners[1].user, Some(rustix::process::getuid().as_raw()));
        }
    }

    #[test]
    fn owners_are_told_apart_by_the_most_that_is_known() {
        let owner = |process, user| Owner { process, user, address: "127.0.0.1".parse().unwrap() };
        assert!(owner(Some(1), Some(5)).is(&owner(Some(1), Some(5))));
        assert!(!owner(Some(1), Some(5)).is(&owner(Some(2), Some(5))));
        assert!(!owner(Some(1), Some(5)).is(&owner(None, Some(5))));
        assert!(owner(None, Some(5)).is(&owner(None, Some(5))));
        assert!(!owner(None, Some(5)).is(&owner(None, Some(6))));
        assert!(owner(None, None).is(&owner(None, None)));
        assert!(!owner(None, None).is(&Owner { address: "127.0.0.2".parse().unwrap(), ..owner(None, None) }));
    }

    #[test]
    fn lines_of_the_system_are_read() {
        let tcp = "   0: 0100007F:1111 0200007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0";
        let (ends, socket) = line(tcp).unwrap();
        assert_eq!((ends.0.port(), ends.1.port(), socket.user, socket.inode), (0x1111, 0x9C40, 1000, 4711));
        for wrong in ["", "0: 1", "0: 01:1 02:2 01", "0: 0100007F:x 0200007F:1 01 0:0 00:0 0 1 0 2"] {
            assert!(line(wrong).is_none(), "{wrong}");
        }
    }
}
