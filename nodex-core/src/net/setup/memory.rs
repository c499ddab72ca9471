//! A connection in memory, for tests.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
};

use tokio::net::TcpStream;

use super::Connected;
use crate::protocol::handshake::Established;

/// Returns an established connection over a pair of sockets, and its other end. Needs a tokio runtime.
pub(crate) fn in_memory(established: Established) -> io::Result<(Connected, UnixStream)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    // A stream socket of another family: what a link asks of its socket, any of them can do.
    let near = std::net::TcpStream::from(OwnedFd::from(near));
    Ok((Connected { socket: TcpStream::from_std(near)?, established }, far))
}
