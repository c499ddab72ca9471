//! The handshake, of either side.

use std::{io, net::SocketAddr, time::Duration};

use nodex_core::{
    net::random_challenge,
    protocol::handshake::{
        Acceptor, Answer, Event, Framing, HandshakeError, Initiator, Local, Peer, Request, SETUP_TIME,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use super::Link;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShakeError {
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    #[error("the connection failed during the handshake: {0}")]
    Io(#[from] io::Error),
    #[error("no {waiting_for} message came within {SETUP_TIME:?}")]
    Late { waiting_for: &'static str },
}

/// Lets in whoever has connected. `answer` decides about it, `replace` is told whose place it takes.
pub(crate) async fn accept(
    mut socket: TcpStream,
    local: Local,
    answer: impl Fn(&Request) -> Answer,
    replace: impl Fn(&Peer),
) -> Result<Link, ShakeError> {
    socket.set_nodelay(true)?;
    let mut acceptor = Acceptor::new(local, Framing::Two, random_challenge()?)?;
    let mut input = [0; 1024];
    let shaking = async {
        loop {
            let count = match socket.read(&mut input).await? {
                0 => return Err(acceptor.handle_eof().into()),
                count => count,
            };
            let mut result = acceptor.handle_input(&input[..count]);
            loop {
                let output = acceptor.take_output();
                socket.write_all(&output).await?;
                result = match result? {
                    None => break,
                    Some(Event::Name(request)) => acceptor.answer(answer(&request)),
                    Some(Event::Replace(peer)) => {
                        replace(&peer);
                        acceptor.replaced()
                    }
                    Some(Event::Established(established)) => return Ok(established),
                };
            }
        }
    };
    let shaken: Result<_, ShakeError> = match timeout(SETUP_TIME, shaking).await {
        Ok(shaken) => shaken,
        Err(_) => return Err(ShakeError::Late { waiting_for: acceptor.waiting_for() }),
    };
    let established = shaken?;
    Ok(Link::new(socket, established.peer, &established.rest))
}

/// Connects to the node `name` at this address; `replace` says whether in the place of one of our name. While that node
/// tries to connect to one of our name, which it does not find, it may refuse us, and is asked again.
pub(crate) async fn dial(address: SocketAddr, local: Local, name: &str, replace: bool) -> Result<Link, ShakeError> {
    const LONGEST_PAUSE: Duration = Duration::from_millis(100);
    let deadline = Instant::now() + SETUP_TIME;
    let mut pause = Duration::from_millis(2);
    loop {
        match dial_once(address, local.clone(), name, replace).await {
            Err(ShakeError::Handshake(HandshakeError::Nok { .. })) if Instant::now() + pause < deadline => {
                sleep(pause).await;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            result => return result,
        }
    }
}

async fn dial_once(address: SocketAddr, local: Local, name: &str, replace: bool) -> Result<Link, ShakeError> {
    let mut initiator = Initiator::new(local, name, Framing::Two, random_challenge()?)?.replace_existing(replace);
    let mut input = [0; 1024];
    let shaking = async {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        loop {
            let output = initiator.take_output();
            let step = async {
                socket.write_all(&output).await?;
                socket.read(&mut input).await
            };
            let count = match step.await {
                Ok(0) => return Err(initiator.handle_eof().into()),
                Ok(count) => count,
                // Whoever closes with our bytes unread, which arrives as a reset.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                    return Err(initiator.handle_eof().into());
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(established) = initiator.handle_input(&input[..count])? {
                return Ok(Link::new(socket, established.peer, &established.rest));
            }
        }
    };
    match timeout(SETUP_TIME, shaking).await {
        Ok(link) => link,
        Err(_) => Err(ShakeError::Late { waiting_for: initiator.waiting_for() }),
    }
}
