//! Connections without a node, for tools that need to see and send control messages.
//!
//! [`connect`] and [`accept`] perform the handshake with any name, flags and cookie. The connection then returns
//! [`Incoming`]: control messages as on the wire, which [`control::decode`](crate::protocol::control::decode) reads. It
//! sends any frame: [`control::frame`](crate::protocol::control::frame) makes one of any tuple, and
//! [`control::frame_in`](crate::protocol::control::frame_in) one with a header, which every frame has where both nodes have
//! the flag `FRAGMENTS`. Flow control, messages in fragments, partial and oversized frames, ticks and silent peers are
//! handled as for every other connection.
//!
//! ```
//! use std::net::Ipv4Addr;
//! use nodex_core::{atom, convert::term_to_binary, term::Pid};
//! use nodex_core::protocol::{Cookie, Flags, channel::Incoming, control::{self, Control}, handshake::{Answer, Local}};
//! use nodex_core::net::raw;
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = |name: &str| Local {
//!     name: name.into(), flags: Flags::HIDDEN, required: Flags::EMPTY, creation: 7, cookie: Cookie::new("secret").unwrap(),
//! };
//! let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
//! let address = listener.local_addr()?;
//! let there = tokio::spawn(async move {
//!     let (socket, _) = listener.accept().await.unwrap();
//!     raw::accept(socket, local("there@127.0.0.1"), &mut |_: &_| Answer::Ok).await
//! });
//! let here = raw::connect(address, local("here@127.0.0.1"), "there@127.0.0.1", false).await?;
//! let mut there = there.await??;
//!
//! let from = Pid { node: atom!("here@127.0.0.1"), id: 1, serial: 0, creation: 7 };
//! let reg_send = (6_u8, &from, atom!(""), atom!("calc"));
//! here.writer().send(&control::frame(&reg_send, Some(&term_to_binary(&42_u8)?))?).await?;
//!
//! let Incoming::Frame(frame) = there.next().await? else { panic!("no frame") };
//! let (_, Control::Send { message, .. }) = frame.control()? else { panic!("no message") };
//! assert_eq!(message, [97, 42]);
//! here.close().await;
//! assert!(there.next().await.is_err());
//! # Ok(())
//! # }
//! ```

mod collector;
mod connection;
mod writer;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::net::SocketAddr;

use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use super::{
    AcceptError, ConnectError, LinkLimits,
    setup::{self, Connected, Obstacle, Pauses, obstacle},
};
use crate::protocol::{
    NameError, NodeName,
    handshake::{Local, SETUP_TIME},
};

pub use super::setup::Gate;
pub use crate::protocol::channel::{Frame, Incoming};
pub use connection::Connection;
pub use writer::{SendError, Writer};

/// Connects to the node with the full name `node` at this address, within [`SETUP_TIME`]. With `replace` the new
/// connection replaces one that the node has with a node of our name.
///
/// A node that is trying to connect to our name itself may refuse for that time; the attempt is then repeated.
///
/// # Errors
/// Returns an error when no connection is established.
pub async fn connect(
    address: SocketAddr,
    local: Local,
    node: impl TryInto<NodeName, Error: Into<NameError>>,
    replace: bool,
) -> Result<Connection, ConnectError> {
    let node: NodeName = node.try_into().map_err(|error| ConnectError::Name(error.into()))?;
    let deadline = Instant::now() + SETUP_TIME;
    let mut pauses = Pauses::default();
    loop {
        let error = match setup::connect_at(deadline, local.clone(), &node, address, replace).await {
            Ok(connected) => return Ok(connection(connected)),
            Err(error) => error,
        };
        let pause = pauses.next_pause();
        if obstacle(&error, false) != Some(Obstacle::Connecting) || Instant::now() + pause >= deadline {
            return Err(error);
        }
        sleep(pause).await;
    }
}

/// Performs the handshake with a peer that has connected, within [`SETUP_TIME`]. `gate` decides whether it is accepted;
/// a closure from the request to the answer is a gate.
///
/// # Errors
/// Returns an error when no connection is established.
pub async fn accept(socket: TcpStream, local: Local, gate: &mut impl Gate) -> Result<Connection, AcceptError> {
    Ok(connection(setup::accept(socket, local, gate).await?))
}

fn connection(connected: Connected) -> Connection {
    Connection::new(connected.socket, connected.established, LinkLimits::default())
}
