//! Whatever may answer on the port of epmd.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use super::{
    epmd::{found, request},
    link::{reset, until_closed},
    stage::Named,
};

/// Something in the place of an epmd, and what the node says of it on stderr before it ends with status 1.
pub(crate) struct Mapper {
    name: &'static str,
    pub(crate) answer: fn(TcpStream),
    pub(crate) says: &'static str,
    /// The node finds out by its own deadline, and says so. Otherwise it must not come to that.
    pub(crate) gives_up: bool,
}

impl Named for Mapper {
    fn name(&self) -> &str {
        self.name
    }
}

/// Reads the request and answers it with these bytes.
fn say(mut socket: TcpStream, bytes: &[u8]) {
    if request(&mut socket).is_some() {
        let _ = socket.write_all(bytes);
    }
}

fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr()).expect("a free port").port()
}

pub(crate) fn all() -> Vec<Mapper> {
    let row = |name, answer, says| Mapper { name, answer, says, gives_up: false };
    let slow = |name, answer, says| Mapper { name, answer, says, gives_up: true };
    vec![
        row("closes at once", drop, "epmd"),
        row("resets at once", reset, "epmd"),
        row("closes after the request", |socket| say(socket, b""), "epmd"),
        row(
            "resets after the request",
            |mut socket| {
                request(&mut socket);
                reset(socket);
            },
            "epmd",
        ),
        row("half an answer", |socket| say(socket, &[119, 0, 18]), "epmd"),
        row("one byte of an answer", |socket| say(socket, &[119]), "epmd"),
        row("an answer without its extra field", |socket| say(socket, &found(9, b"host")[..16]), "epmd"),
        row("a name that is cut off", |socket| say(socket, &found(9, b"host")[..14]), "epmd"),
        row("a name that is no UTF-8", |socket| say(socket, &found(9, b"\xff\xfe")), "epmd"),
        row("the text of a web server", |socket| say(socket, b"HTTP/1.1 400 Bad Request\r\n\r\n"), "epmd"),
        row("an answer to another request", |socket| say(socket, &[121, 0, 0, 1]), "epmd"),
        row("zeros", |socket| say(socket, &[0; 4096]), "epmd"),
        row("not there", |socket| say(socket, &[119, 1]), "no node named host is registered"),
        row("an error that epmd has not", |socket| say(socket, &[119, 77]), "epmd"),
        row(
            "a port where nobody listens",
            |socket| say(socket, &found(closed_port(), b"host")),
            "cannot be connected to",
        ),
        row("port 0", |socket| say(socket, &found(0, b"host")), "cannot be connected to"),
        row(
            "rubbish without end",
            |mut socket| {
                request(&mut socket);
                while socket.write_all(&[b'x'; 65536]).is_ok() {}
            },
            "epmd",
        ),
        row(
            "rubbish without end before the request",
            |mut socket| while socket.write_all(&[0; 65536]).is_ok() {},
            "epmd",
        ),
        slow(
            "a name without end",
            |mut socket| {
                let mut answer = found(9, b"host");
                answer[10..12].copy_from_slice(&[255, 255]);
                say(socket.try_clone().expect("a second handle"), &answer);
                until_closed(socket.try_clone().expect("a second handle"));
                let _ = socket.write_all(&[0]);
            },
            "did not answer the port request within",
        ),
        slow("silent", |socket| wait_with(socket, |_| ()), "did not answer the port request within"),
        slow(
            "silent after the request",
            |mut socket| {
                request(&mut socket);
                wait_with(socket, |_| ());
            },
            "did not answer the port request within",
        ),
        slow(
            "an answer in drips",
            |socket| {
                wait_with(socket, |socket| {
                    for byte in [&found(9, b"host")[..10], &[255; 4096]].concat() {
                        thread::sleep(Duration::from_millis(100));
                        if socket.write_all(&[byte]).is_err() {
                            return;
                        }
                    }
                });
            },
            "did not answer the port request within",
        ),
    ]
}

/// Keeps the connection open until the node has had enough.
fn wait_with(mut socket: TcpStream, act: impl FnOnce(&mut TcpStream)) {
    act(&mut socket);
    until_closed(socket);
}
