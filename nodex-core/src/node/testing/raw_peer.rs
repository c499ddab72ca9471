//! [`RawPeer`].

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

/// A peer after the handshake that can send any bytes, for tests of how a node handles them.
///
/// It is connected by a pair of sockets, without a network. Dropping it ends the connection.
#[derive(Debug)]
pub struct RawPeer {
    socket: UnixStream,
    peer: Arc<Peer>,
}

impl RawPeer {
    /// Connects a peer of this name that supports `flags`. It replaces the previous one of this name. Must be called in
    /// a tokio runtime, which serves the connection.
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

    /// Returns the other end, over which frames with their lengths are sent and received. It does not block.
    pub fn socket(&mut self) -> &mut UnixStream {
        &mut self.socket
    }

    /// Returns how many monitors and links this connection has on processes of the node.
    pub fn watches(&self) -> (usize, usize) {
        self.peer.watches.counts()
    }

    /// Returns why the node has ended the connection, if it has.
    pub fn ended(&self) -> Option<LinkEnd> {
        self.peer.end.borrow().clone()
    }
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.peer.disconnect();
    }
}
