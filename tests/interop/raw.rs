//! A peer without a node: the handshake over a plain socket, step by step, and what comes after it unread.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use nodex_core::protocol::handshake::{
    Acceptor, Answer, Established, Event, Framing, HandshakeError, Initiator, Local, Request,
};
use nodex_core::protocol::{Cookie, Flags};

use nodex_testkit::world::{COOKIE, DEADLINE};

/// A peer of this name that can all that we can.
pub(crate) fn local(name: &str) -> Local {
    Local::hidden(name, 77, Cookie::new(COOKIE).expect("a cookie"))
}

/// [`local`] with other flags. The shorthand for many of them does not hide what is missing.
pub(crate) fn local_without(name: &str, missing: Flags) -> Local {
    let flags = Flags::HIDDEN.without(missing | Flags::MANDATORY_25_DIGEST);
    Local { flags, required: Flags::EMPTY, ..local(name) }
}

/// Connects to the node `peer` on this port, and completes the handshake.
pub(crate) fn connect(local: Local, peer: &str, port: u16) -> Result<(TcpStream, Established), HandshakeError> {
    connect_with(Initiator::new(local, peer, Framing::Two, 0xFFFF_FFF0).expect("good names"), port)
}

/// [`connect`] with an initiator of one's own.
pub(crate) fn connect_with(mut machine: Initiator, port: u16) -> Result<(TcpStream, Established), HandshakeError> {
    let mut stream = open(port);
    let mut buffer = [0; 4096];
    let mut done = None;
    loop {
        stream.write_all(&machine.take_output()).expect("the peer reads");
        if let Some(established) = done {
            return Ok((stream, established));
        }
        done = match read(&mut stream, &mut buffer) {
            0 => return Err(machine.handle_eof()),
            count => machine.handle_input(&buffer[..count])?,
        };
    }
}

/// Says its name to the node `peer`, and returns the number of the challenge that comes.
pub(crate) fn introduce(local: Local, peer: &str, port: u16) -> (TcpStream, u32) {
    let mut stream = open(port);
    let mut machine = Initiator::new(local, peer, Framing::Two, 0xFFFF_FFF1).expect("good names");
    stream.write_all(&machine.take_output()).expect("the peer reads");
    let status = message(&mut stream).expect("a status");
    if status == b"snok" {
        // Refused, and there is no challenge.
        return (stream, 0);
    }
    assert!(status == b"sok" || status == b"sok_simultaneous", "{}", status.escape_ascii());
    (stream.try_clone().expect("a handle"), number(&message(&mut stream).expect("a challenge"), 9))
}

/// Answers a challenge with the cookie, and asks for the answer to another one.
pub(crate) fn reply(stream: &mut TcpStream, challenge: u32, asks: u32) {
    let digest = Cookie::new(COOKIE).expect("a cookie").digest(challenge);
    let reply = [&[0, 21, b'r'][..], &asks.to_be_bytes(), &digest].concat();
    stream.write_all(&reply).expect("the peer reads");
}

/// The next message of a handshake; none at the end of the connection.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

fn number(message: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(message[at..at + 4].try_into().expect("four bytes"))
}

fn open(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("somebody listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    stream
}

/// A listener of a peer, and its port.
pub(crate) fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// A node that has connected and said its name, and waits for an answer.
pub(crate) struct Pending {
    stream: TcpStream,
    machine: Acceptor,
    /// Of the peer itself.
    name: String,
    pub(crate) request: Request,
}

/// Takes one connection and its name.
pub(crate) fn accept(listener: &TcpListener, local: Local) -> Pending {
    let (mut stream, _) = listener.accept().expect("a connection");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    let name = local.name.clone();
    let mut machine = Acceptor::new(local, Framing::Two, 7).expect("a good name");
    let mut buffer = [0; 4096];
    loop {
        let count = read(&mut stream, &mut buffer);
        assert_ne!(count, 0, "the connection ended before a name came");
        match machine.handle_input(&buffer[..count]).expect("a name") {
            Some(Event::Name(request)) => return Pending { stream, machine, name, request },
            Some(event) => panic!("{event:?}"),
            None => {}
        }
    }
}

impl Pending {
    /// Answers, and completes the handshake.
    pub(crate) fn answer(mut self, answer: Answer) -> Result<(TcpStream, Established), HandshakeError> {
        let mut event = self.machine.answer(answer)?;
        let mut buffer = [0; 4096];
        loop {
            self.stream.write_all(&self.machine.take_output()).expect("the peer reads");
            event = match event {
                Some(Event::Established(established)) => return Ok((self.stream, established)),
                Some(Event::Replace(_)) => self.machine.replaced()?,
                Some(Event::Name(_)) => panic!("a second name"),
                None => match read(&mut self.stream, &mut buffer) {
                    0 => return Err(self.machine.handle_eof()),
                    count => self.machine.handle_input(&buffer[..count])?,
                },
            };
        }
    }

    /// Goes on with a challenge of this number, and returns that of the challenge in the reply, if there is one.
    pub(crate) fn challenge(mut self, challenge: u32) -> (TcpStream, Option<u32>) {
        // The name in the challenge is that of the machine; its number is another one.
        let _ = self.machine.answer(Answer::Ok).expect("it waits for an answer");
        let mut output = self.machine.take_output();
        let at = output.len() - 4 - 4 - 2 - self.name.len();
        output[at..at + 4].copy_from_slice(&challenge.to_be_bytes());
        self.stream.write_all(&output).expect("the peer reads");
        let came = message(&mut self.stream).map(|reply| number(&reply, 1));
        (self.stream, came)
    }

    /// Waits until the other side gives up.
    pub(crate) fn given_up(mut self) -> bool {
        read(&mut self.stream, &mut [0; 64]) == 0
    }
}

/// Whether the connection is still there: nothing but its end comes within a moment.
pub(crate) fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(std::time::Duration::from_millis(100))).expect("a time-out");
    let open = match stream.read(&mut [0; 64]) {
        Ok(count) => count > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    };
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    open
}

/// Waits for the end of a connection.
pub(crate) fn wait_closed(stream: &mut TcpStream) {
    while read(stream, &mut [0; 4096]) > 0 {}
}

/// Bytes read; 0 at the end of the connection, a reset included.
pub(crate) fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    match stream.read(buffer) {
        Ok(count) => count,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        Err(error) => panic!("{error}"),
    }
}
