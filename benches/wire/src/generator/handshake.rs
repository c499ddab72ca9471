//! The handshake (erl_dist_protocol, "Distribution Handshake"), as a host plays it, over a blocking
//! socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use md5::{Digest, Md5};

use super::frames::{HOST_CREATION, HOST_NODE};

/// The cookie of all nodes here. Whoever could read it has the port of a node that does nothing but answer pings.
pub(crate) const COOKIE: &str = "bench_cookie";

/// What an OTP 25 announces, less distribution headers and fragments.
const FLAGS: u64 = 0xD_075F_5FBC;

/// Messages come in fragments if they are long, and every frame has a header.
const FRAGMENTS: u64 = 0x80_0000;

const CHALLENGE: u32 = 0x0102_0304;

/// Shakes hands, perhaps as one that does with fragments; a node with another cookie is refused.
pub(crate) fn accept(stream: &mut TcpStream, cookie: &str, fragments: bool) -> io::Result<()> {
    let name = receive(stream)?;
    if name.first() != Some(&b'N') {
        return Err(unexpected("its name"));
    }
    send(stream, b"sok")?;

    let mut challenge = vec![b'N'];
    challenge.extend((FLAGS | if fragments { FRAGMENTS } else { 0 }).to_be_bytes());
    challenge.extend(CHALLENGE.to_be_bytes());
    challenge.extend(HOST_CREATION.to_be_bytes());
    challenge.extend((HOST_NODE.len() as u16).to_be_bytes());
    challenge.extend(HOST_NODE.as_bytes());
    send(stream, &challenge)?;

    let reply = receive(stream)?;
    let theirs = match reply.as_slice() {
        [b'r', a, b, c, d, proof @ ..] if proof == digest(cookie, CHALLENGE) => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => return Err(unexpected("the proof of its cookie")),
    };
    let mut ack = vec![b'a'];
    ack.extend(digest(cookie, theirs));
    send(stream, &ack)
}

/// The other side: shakes hands as the node `name`.
pub(crate) fn connect(stream: &mut TcpStream, name: &str, cookie: &str) -> io::Result<()> {
    let mut message = vec![b'N'];
    message.extend(FLAGS.to_be_bytes());
    message.extend(HOST_CREATION.to_be_bytes());
    message.extend((name.len() as u16).to_be_bytes());
    message.extend(name.as_bytes());
    send(stream, &message)?;
    if !receive(stream)?.starts_with(b"sok") {
        return Err(unexpected("that it takes the connection"));
    }
    let challenge = receive(stream)?;
    let theirs = challenge.strip_prefix(b"N").and_then(|rest| rest.get(8..12)?.try_into().ok());
    let theirs = u32::from_be_bytes(theirs.ok_or_else(|| unexpected("a challenge"))?);
    let mut reply = vec![b'r'];
    reply.extend(CHALLENGE.to_be_bytes());
    reply.extend(digest(cookie, theirs));
    send(stream, &reply)?;
    match receive(stream)?.strip_prefix(b"a") == Some(&digest(cookie, CHALLENGE)[..]) {
        true => Ok(()),
        false => Err(unexpected("the proof of its cookie")),
    }
}

fn digest(cookie: &str, challenge: u32) -> [u8; 16] {
    Md5::digest(format!("{cookie}{challenge}")).into()
}

fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let mut packet = (message.len() as u16).to_be_bytes().to_vec();
    packet.extend(message);
    stream.write_all(&packet)
}

fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(message)
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the node did not send {what}"))
}
