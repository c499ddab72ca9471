//! The other end of a connection as bytes.

use std::{io, os::unix::net::UnixStream, sync::Arc};

use crate::{
    net::{LinkEnd, in_memory},
    node::{
        api::node::Node,
        connection::{
            establish::{Drive, establish},
            peer::Peer,
        },
        inbound::Dispatch,
    },
    protocol::{
        Flags,
        handshake::{self, Established},
    },
};

/// A peer of a node, past the handshake, that may say anything: for tests of what a node makes of it.
///
/// It is connected by a pair of sockets and not by a network. The connection ends when it is dropped.
#[derive(Debug)]
pub struct RawPeer {
    socket: UnixStream,
    peer: Arc<Peer>,
}

impl RawPeer {
    /// Connects a peer of this name that can do all of `flags`, in the place of the last one of this name. In a tokio
    /// runtime, which serves the connection.
    ///
    /// # Errors
    /// Returns an error when the system has no more sockets.
    pub fn connect(node: &Node, name: &str, creation: u32, flags: Flags) -> io::Result<Self> {
        let peer = handshake::PeerIdentity { name: name.to_owned(), flags, negotiated: flags, creation };
        let (connected, socket) = in_memory(Established { peer, given: None, rest: Vec::new() })?;
        let (peer, serve) = establish::<Dispatch>(&node.0, connected, Drive::Task).map_err(io::Error::other)?;
        tokio::spawn(serve);
        socket.set_nonblocking(true)?;
        Ok(RawPeer { socket, peer })
    }

    /// Returns the other end: frames with their lengths go in and come out. It does not block.
    pub fn socket(&mut self) -> &mut UnixStream {
        &mut self.socket
    }

    /// Monitors and links of processes of the node that this connection has.
    pub fn watches(&self) -> (usize, usize) {
        self.peer.watches.counts()
    }

    /// Why the node has ended the connection, if it has.
    pub fn ended(&self) -> Option<LinkEnd> {
        self.peer.end.borrow().clone()
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.peer.disconnect();
    }
}
