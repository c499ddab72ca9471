//! What the crates erl_dist and eetf make of the same work, on tokio: `{ping, Term}` is answered with `{pong, Term}`.

use std::{
    cell::RefCell,
    error::Error,
    io,
    pin::Pin,
    process::ExitCode,
    rc::Rc,
    task::{Context, Poll},
};

use eetf::{Atom, Term, Tuple};
use erl_dist::{
    LOWEST_DISTRIBUTION_PROTOCOL_VERSION,
    epmd::EpmdClient,
    handshake::ClientSideHandshake,
    message::{Message, Receiver, Sender, channel},
    node::{Creation, LocalNode},
};
use futures::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sname, host, cookie, tname] = &arguments[..] else {
        println!("usage: erl_dist_node <sname> <hostname> <cookie> <tname>");
        return ExitCode::SUCCESS;
    };
    match run(sname, host, cookie, tname) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{sname}@{host}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(sname: &str, host: &str, cookie: &str, tname: &str) -> Result<(), Box<dyn Error>> {
    println!("initialising {sname}@{host}\nconnecting to {tname}@{host}");
    let epmd = std::env::var("ERL_EPMD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(4369_u16);
    let epmd = EpmdClient::new(TcpStream::connect((host, epmd)).await?.compat());
    let peer = epmd.get_node(tname).await?.ok_or("epmd does not know that node")?;

    let stream = TcpStream::connect((host, peer.port)).await?;
    stream.set_nodelay(true)?;
    let ours = LocalNode::new(format!("{sname}@{host}").parse()?, Creation::random());
    let flags = ours.flags;
    let stream = Shared(Rc::new(RefCell::new(stream.compat())));
    let mut handshake = ClientSideHandshake::new(stream, ours, cookie);
    handshake.execute_send_name(LOWEST_DISTRIBUTION_PROTOCOL_VERSION).await?;
    let (stream, peer) = handshake.execute_rest(true).await?;
    println!("{sname}@{host} ready");
    let (sender, receiver) = channel(stream, flags & peer.flags);
    // The peer is gone, by whatever error it shows.
    serve(sender, receiver).await
}

async fn serve(mut sender: Sender<Shared>, mut receiver: Receiver<Shared>) -> Result<(), Box<dyn Error>> {
    loop {
        let Ok(message) = receiver.recv().await else { return Ok(()) };
        let answer = match message {
            Message::Tick => Message::Tick,
            Message::RegSend(request) => match request.message {
                Term::Tuple(Tuple { elements }) => match <[Term; 2]>::try_from(elements) {
                    Ok([Term::Atom(Atom { name }), term]) if name == "ping" => {
                        let elements = vec![Atom::from("pong").into(), term];
                        Message::send(request.from_pid, Tuple { elements }.into())
                    }
                    _ => continue,
                },
                _ => continue,
            },
            _ => continue,
        };
        sender.send(answer).await?;
    }
}

/// The connection: a channel wants two of it.
#[derive(Clone)]
struct Shared(Rc<RefCell<Compat<TcpStream>>>);

impl AsyncRead for Shared {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(cx, buffer)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_close(cx)
    }
}
