//! The shortest way to a connection: ask epmd, connect, shake hands (erl_dist_protocol,
//! "Distribution Handshake").

use std::io::{self, Read, Write};
use std::net::TcpStream;

use md5::{Digest, Md5};

/// What `ei` of OTP 25 announces: hidden, no headers, no fragments, no monitors of names.
pub(crate) const FLAGS_OF_EI: u64 = 0x4_0707_4F9C;

/// What a nodex node announces, less fragments: monitors, aliases, senders of messages.
pub(crate) const FLAGS_OF_NODEX: u64 = 0xD_075F_5FBC;

pub(crate) const CREATION: u32 = 4;
const CHALLENGE: u32 = 0x1234_5678;

pub(crate) fn connect(sname: &str, host: &str, cookie: &str, tname: &str, flags: u64) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect((host, port_of(host, tname)?))?;
    stream.set_nodelay(true)?;

    let name = format!("{sname}@{host}");
    let mut message = vec![b'N'];
    message.extend(flags.to_be_bytes());
    message.extend(CREATION.to_be_bytes());
    message.extend((name.len() as u16).to_be_bytes());
    message.extend(name.as_bytes());
    send(&mut stream, &message)?;

    let status = receive(&mut stream)?;
    if !status.starts_with(b"sok") {
        return Err(refused("status"));
    }
    let challenge = receive(&mut stream)?;
    let challenge = match challenge.as_slice() {
        [b'N', rest @ ..] => rest.get(8..12).ok_or_else(|| refused("challenge"))?,
        _ => return Err(refused("challenge")),
    };
    let challenge = u32::from_be_bytes(challenge.try_into().map_err(|_| refused("challenge"))?);

    let mut message = vec![b'r'];
    message.extend(CHALLENGE.to_be_bytes());
    message.extend(digest(cookie, challenge));
    send(&mut stream, &message)?;
    let ack = receive(&mut stream)?;
    if ack.strip_prefix(b"a") != Some(&digest(cookie, CHALLENGE)[..]) {
        return Err(refused("cookie"));
    }
    Ok(stream)
}

/// PORT_PLEASE2_REQ.
fn port_of(host: &str, tname: &str) -> io::Result<u16> {
    let epmd = std::env::var("ERL_EPMD_PORT").ok().and_then(|port| port.parse().ok());
    let mut stream = TcpStream::connect((host, epmd.unwrap_or(4369)))?;
    let mut request = (tname.len() as u16 + 1).to_be_bytes().to_vec();
    request.push(122);
    request.extend(tname.as_bytes());
    stream.write_all(&request)?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    match answer {
        [119, 0, high, low] => Ok(u16::from_be_bytes([high, low])),
        _ => Err(io::Error::other("epmd does not know that node")),
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

fn refused(step: &str) -> io::Error {
    io::Error::other(format!("the handshake ended at the {step}"))
}
