//! Both sides of a handshake, one message at a time ("Distribution Handshake" in `erl_dist_protocol`).

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use md5::{Digest as _, Md5};

/// What a BEAM of OTP 25 says it can do, less distribution headers and fragments.
pub const FLAGS: u64 = 0xD_075F_5FBC;

/// Long messages come in fragments, and every frame has a header.
pub const FRAGMENTS: u64 = 0x80_0000;

/// Of every incarnation of the peer.
pub const CREATION: u32 = 0x1234_5678;

/// Writes one message behind its two bytes of length.
pub fn send(socket: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    socket.write_all(&[&(message.len() as u16).to_be_bytes(), message].concat())
}

/// Reads one message.
pub fn receive(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    socket.read_exact(&mut length)?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    socket.read_exact(&mut message)?;
    Ok(message)
}

/// Returns the digest that answers a challenge.
pub fn digest(cookie: &str, challenge: u32) -> [u8; 16] {
    Md5::digest(format!("{cookie}{challenge}")).into()
}

/// `'N' Flags Creation Nlen Name`.
pub fn name(flags: u64, creation: u32, name: &[u8]) -> Vec<u8> {
    let length = (name.len() as u16).to_be_bytes();
    [&b"N"[..], &flags.to_be_bytes(), &creation.to_be_bytes(), &length, name].concat()
}

/// `'N' Flags Challenge Creation Nlen Name`.
pub fn challenge(flags: u64, number: u32, name: &[u8]) -> Vec<u8> {
    let length = (name.len() as u16).to_be_bytes();
    [&b"N"[..], &flags.to_be_bytes(), &number.to_be_bytes(), &CREATION.to_be_bytes(), &length, name].concat()
}

/// `'r' Challenge Digest`.
pub fn reply(number: u32, digest: &[u8; 16]) -> Vec<u8> {
    [&b"r"[..], &number.to_be_bytes(), digest].concat()
}

/// `'a' Digest`.
pub fn ack(digest: &[u8; 16]) -> Vec<u8> {
    [&b"a"[..], digest].concat()
}

/// Returns the challenge in a reply of the other side.
pub fn challenge_in_reply(reply: &[u8]) -> Option<u32> {
    match reply {
        [b'r', number @ ..] if number.len() == 20 => number.first_chunk().map(|number| u32::from_be_bytes(*number)),
        _ => None,
    }
}

/// The flag of a peer that asks for a name (`DFLAG_NAME_ME`).
const NAME_ME: u64 = 1 << 33;

/// The accepting side, done right.
pub fn accept(socket: &mut TcpStream, own_name: &str, cookie: &str) -> io::Result<()> {
    accept_with(socket, FLAGS, own_name, cookie)
}

/// The same with other flags. A peer that asks for a name is called `guest` at its host.
pub fn accept_with(socket: &mut TcpStream, flags: u64, own_name: &str, cookie: &str) -> io::Result<()> {
    let said = receive(socket)?;
    // `'N' Flags Creation Nlen Name`.
    let asks = said.get(1..9).and_then(|flags| flags.first_chunk()).map_or(0, |flags| u64::from_be_bytes(*flags));
    let host = said.get(15..).ok_or_else(|| rubbish(&said))?;
    if asks & NAME_ME == 0 {
        send(socket, b"sok")?;
    } else {
        let given = [b"guest@", host].concat();
        let length = (given.len() as u16).to_be_bytes();
        send(socket, &[&b"snamed:"[..], &length, &given, &CREATION.to_be_bytes()].concat())?;
    }
    send(socket, &challenge(flags, 7, own_name.as_bytes()))?;
    let reply = receive(socket)?;
    let theirs = challenge_in_reply(&reply).ok_or_else(|| rubbish(&reply))?;
    send(socket, &ack(&digest(cookie, theirs)))
}

/// The connecting side, done right.
pub fn connect(socket: &mut TcpStream, own_name: &str, cookie: &str) -> io::Result<()> {
    connect_over(Duration::ZERO, socket, own_name, cookie)
}

/// The same over a line on which a message and its answer take so long together: the node waits for each of our messages
/// until the one before has come here and ours has come there.
pub fn connect_over(round_trip: Duration, socket: &mut TcpStream, own_name: &str, cookie: &str) -> io::Result<()> {
    connect_with(FLAGS, round_trip, socket, own_name, cookie)
}

/// The same with other flags.
pub fn connect_with(
    flags: u64,
    round_trip: Duration,
    socket: &mut TcpStream,
    own_name: &str,
    cookie: &str,
) -> io::Result<()> {
    let send = |socket: &mut TcpStream, message: &[u8]| {
        thread::sleep(round_trip);
        send(socket, message)
    };
    send(socket, &name(flags, CREATION, own_name.as_bytes()))?;
    let status = receive(socket)?;
    if status == b"salive" {
        send(socket, b"strue")?;
    } else if status != b"sok" {
        return Err(rubbish(&status));
    }
    let challenge = receive(socket)?;
    let number = challenge.get(9..).and_then(|rest| rest.first_chunk()).ok_or_else(|| rubbish(&challenge))?;
    send(socket, &reply(9, &digest(cookie, u32::from_be_bytes(*number))))?;
    let acknowledgement = receive(socket)?;
    if acknowledgement != ack(&digest(cookie, 9)) {
        return Err(rubbish(&acknowledgement));
    }
    Ok(())
}

fn rubbish(message: &[u8]) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("unexpected: {}", message.escape_ascii()))
}
