//! From an accepted socket to an established connection.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::Connected;
use crate::protocol::handshake::{
    Acceptor, Answer, Event, Framing, HandshakeError, Local, PeerIdentity, Request, SETUP_TIME,
};
use crate::random;

/// Why a node that connected was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The handshake failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// This node's own connection to the peer takes precedence.
    #[error("{peer} is connected already: this node was connecting to it at the same time")]
    OwnFirst {
        /// The peer, which has proven the cookie.
        peer: String,
    },
    /// The connection broke.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The handshake took too long.
    #[error("the handshake was not complete within {limit:?}: no {waiting_for} message")]
    Timeout {
        /// Which message was due.
        waiting_for: &'static str,
        /// The limit.
        limit: Duration,
    },
}

/// Decides whether a node that connects is accepted.
///
/// A closure from the request to the answer is a gate.
pub trait Gate {
    /// Returns the status for a request, nothing of which is proven yet.
    fn answer(&mut self, request: &Request) -> Answer;

    /// Returns whether the connection of this peer, which has proven the cookie, stays. Called before the peer is told.
    fn settle(&mut self, peer: &PeerIdentity) -> impl Future<Output = bool> + Send {
        let _ = peer;
        std::future::ready(true)
    }

    /// Closes the connection that this peer, which has proven the cookie, replaces.
    fn replace(&mut self, peer: &PeerIdentity) {
        let _ = peer;
    }
}

impl<F: FnMut(&Request) -> Answer> Gate for F {
    fn answer(&mut self, request: &Request) -> Answer {
        self(request)
    }
}

/// Performs the handshake of the accepting side, within [`SETUP_TIME`].
pub(crate) async fn accept(
    mut socket: TcpStream,
    local: Local,
    gate: &mut impl Gate,
) -> Result<Connected, AcceptError> {
    let deadline = Instant::now() + SETUP_TIME;
    socket.set_nodelay(true)?;
    let mut acceptor = Acceptor::new(local, Framing::Two, random::challenge()?)?;
    let mut input = [0; 1024];
    loop {
        let waiting_for = acceptor.waiting_for();
        let late = || AcceptError::Timeout { waiting_for, limit: SETUP_TIME };
        let count = match timeout_at(deadline, socket.read(&mut input)).await.map_err(|_| late())? {
            Ok(0) => return Err(acceptor.handle_eof().into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Err(acceptor.handle_eof().into()),
            Err(error) => return Err(error.into()),
        };
        let mut result = acceptor.handle_input(&input[..count]);
        loop {
            // What is written next tells the peer that it is in.
            if let Ok(Some(Event::Established(established))) = &result
                && !timeout_at(deadline, gate.settle(&established.peer)).await.map_err(|_| late())?
            {
                return Err(AcceptError::OwnFirst { peer: established.peer.name.clone() });
            }
            let output = acceptor.take_output();
            if !output.is_empty() {
                timeout_at(deadline, socket.write_all(&output)).await.map_err(|_| late())??;
            }
            result = match result? {
                None => break,
                Some(Event::Name(request)) => {
                    let answer = gate.answer(&request);
                    let over = match &answer {
                        Answer::Nok => Some(HandshakeError::Nok { peer: request.name.clone() }),
                        Answer::NotAllowed => Some(HandshakeError::NotAllowed { peer: request.name.clone() }),
                        _ => None,
                    };
                    let result = acceptor.answer(answer);
                    if let Some(error) = over {
                        timeout_at(deadline, socket.write_all(&acceptor.take_output())).await.map_err(|_| late())??;
                        return Err(error.into());
                    }
                    result
                }
                Some(Event::Replace(peer)) => {
                    gate.replace(&peer);
                    acceptor.replaced()
                }
                Some(Event::Established(established)) => return Ok(Connected { socket, established }),
            };
        }
    }
}
