//! A listener in place of an epmd.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// Answers every connection on a port of its own for as long as the test process lives.
pub fn start(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("the address of a bound socket").port();
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let _ = socket.set_read_timeout(Some(Duration::from_secs(20)));
            answer(socket);
        }
    });
    port
}

/// Knows every name, at this port.
pub fn honest(port: u16) -> u16 {
    start(move |mut socket| {
        if let Some(name) = request(&mut socket) {
            let _ = socket.write_all(&found(port, &name));
        }
    })
}

/// Returns the name in a request for a port (`122 Name`).
pub fn request(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    socket.read_exact(&mut length).ok()?;
    let mut request = vec![0; u16::from_be_bytes(length).into()];
    socket.read_exact(&mut request).ok()?;
    request.strip_prefix(b"z").map(<[u8]>::to_vec)
}

/// `PORT2_RESP`: a node at this port.
pub fn found(port: u16, name: &[u8]) -> Vec<u8> {
    let (port, length) = (port.to_be_bytes(), (name.len() as u16).to_be_bytes());
    [&[119, 0][..], &port, &[77, 0, 0, 6, 0, 5], &length, name, &[0, 0]].concat()
}
