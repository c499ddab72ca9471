//! An established connection, seen from the peer that may do anything with it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use super::wire;

/// What came from the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// An empty frame.
    Tick,
    /// What is in it, from the 112 on.
    Frame(Vec<u8>),
}

/// The handshake is done.
#[derive(Debug)]
pub struct Link {
    /// The socket, for other operations.
    pub socket: TcpStream,
    /// Our own pid, encoded.
    pub me: Vec<u8>,
    buffer: Vec<u8>,
    pings: i32,
}

pub use crate::PATIENCE;

impl Link {
    /// After the handshake, as a process of `own_name`.
    pub fn new(socket: TcpStream, own_name: &str) -> Self {
        socket.set_nodelay(true).expect("no delay");
        let me = wire::pid(own_name, 42, 0, super::handshake::CREATION);
        Link { socket, me, buffer: Vec::new(), pings: 0 }
    }

    /// Sends any bytes. If the node has closed the connection, reading returns that.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// Sends a message to a registered name of the node.
    pub fn call(&mut self, payload: &[u8]) {
        let message = wire::reg_send(&self.me, "any", payload);
        self.send(&message);
    }

    /// Returns the next tick or frame.
    pub fn next(&mut self, deadline: Instant) -> io::Result<Came> {
        loop {
            if let Some((length, rest)) = self.buffer.split_first_chunk() {
                let length = u32::from_be_bytes(*length) as usize;
                if let Some(frame) = rest.get(..length) {
                    let came = if frame.is_empty() { Came::Tick } else { Came::Frame(frame.to_vec()) };
                    self.buffer.drain(..4 + length);
                    return Ok(came);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.socket.set_read_timeout(Some(left))?;
            let mut chunk = [0; 64 * 1024];
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the next message to us; ticks and signals are skipped.
    pub fn reply(&mut self, deadline: Instant) -> io::Result<Vec<u8>> {
        loop {
            if let Came::Frame(frame) = self.next(deadline)?
                && let Some(payload) = wire::payload_for(&frame, &self.me)
            {
                return Ok(payload.to_vec());
            }
        }
    }

    /// Returns whether the node answers a ping that no other was like; skips what came before. Gives how long it
    /// took.
    pub fn answers(&mut self) -> io::Result<Duration> {
        self.answers_within(PATIENCE)
    }

    /// Returns the same with another limit.
    pub fn answers_within(&mut self, patience: Duration) -> io::Result<Duration> {
        self.pings += 1;
        let unique = wire::int(1_000_000 + self.pings);
        let started = Instant::now();
        self.call(&wire::ping(&unique));
        let pong = wire::tuple(&[&wire::atom("pong"), &unique]);
        while self.reply(started + patience)? != pong {}
        Ok(started.elapsed())
    }

    /// Waits until the node has closed the connection. Everything that comes before is skipped.
    pub fn wait_closed(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
                Err(_) => return Ok(()),
            }
        }
    }

    /// Ends the connection in order.
    pub fn close(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Ends the connection with a reset. What is read from then on is the end.
    pub fn reset(&mut self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the address of a bound socket");
        let other = TcpStream::connect(address).expect("a connection to ourselves");
        drop(listener);
        reset(std::mem::replace(&mut self.socket, other));
        self.close();
    }
}

/// Says nothing and reads whatever comes until the other side has closed the connection.
pub fn until_closed(mut socket: TcpStream) {
    // A reset is an end as well.
    let _ = socket.set_read_timeout(None).and_then(|()| io::copy(&mut socket, &mut io::sink()));
}

/// Has the other side see `ECONNRESET`: no lingering means no orderly end.
pub fn reset(socket: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).expect("no linger");
    drop(socket);
}
