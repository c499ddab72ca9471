//! Peers that connect to a node that listens, and mean no good.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use super::{
    handshake::{CREATION, FLAGS, ack, connect, digest, name, receive, reply, send},
    link::{Link, reset},
    stage::{COOKIE, Named},
    wire::{frame, signal},
};

/// What a peer does; the connection must end then, and the log say why in these words.
pub(crate) struct Entrance {
    name: String,
    pub(crate) act: Act,
    /// What has to be in one line of the log; none if nothing is to be said.
    pub(crate) says: Option<&'static str>,
}

/// What is done with the connection. What is returned must be closed by the node.
type Act = Box<dyn Fn(TcpStream) -> io::Result<Option<TcpStream>> + Send + Sync>;

impl Named for Entrance {
    fn name(&self) -> &str {
        &self.name
    }
}

fn entrance(
    name: impl Into<String>,
    says: &'static str,
    act: impl Fn(TcpStream) -> io::Result<Option<TcpStream>> + Send + Sync + 'static,
) -> Entrance {
    Entrance { name: name.into(), act: Box::new(act), says: Some(says) }
}

/// Sends any bytes in place of a name.
fn bytes(name: &str, bytes: impl Into<Vec<u8>>, says: &'static str) -> Entrance {
    let bytes = bytes.into();
    entrance(name, says, move |mut socket| {
        socket.write_all(&bytes)?;
        Ok(Some(socket))
    })
}

/// Sends one message in place of a name.
fn message(name: &str, message: impl Into<Vec<u8>>, says: &'static str) -> Entrance {
    let message = message.into();
    entrance(name, says, move |mut socket| {
        send(&mut socket, &message)?;
        Ok(Some(socket))
    })
}

/// Sends a name, and checks that the answer is this status.
fn refused(name: &str, flags: u64, own_name: &'static [u8], status: &'static [u8], says: &'static str) -> Entrance {
    entrance(name, says, move |mut socket| {
        send(&mut socket, &super::handshake::name(flags, CREATION, own_name))?;
        expect(&receive(&mut socket)?, status)?;
        Ok(Some(socket))
    })
}

fn expect(came: &[u8], due: &[u8]) -> io::Result<()> {
    match came == due {
        true => Ok(()),
        false => Err(io::Error::other(format!("{} and not {}", came.escape_ascii(), due.escape_ascii()))),
    }
}

/// Says a good name and takes the status `ok`; returns the challenge.
fn introduced(socket: &mut TcpStream, own_name: &[u8]) -> io::Result<u32> {
    send(socket, &name(FLAGS, CREATION, own_name))?;
    expect(&receive(socket)?, b"sok")?;
    challenge(socket)
}

fn challenge(socket: &mut TcpStream) -> io::Result<u32> {
    let challenge = receive(socket)?;
    let number = challenge.get(9..).and_then(|rest| rest.first_chunk());
    number.map(|number| u32::from_be_bytes(*number)).ok_or_else(|| io::Error::other("no challenge"))
}

/// After a name that is accepted, sends this message in place of the reply.
fn in_place_of_a_reply(title: &str, message: impl Into<Vec<u8>>, says: &'static str) -> Entrance {
    let message = message.into();
    entrance(title, says, move |mut socket| {
        introduced(&mut socket, b"mallory@127.0.0.1")?;
        send(&mut socket, &message)?;
        Ok(Some(socket))
    })
}

/// Everything up to an established connection, without the cookie.
pub(crate) fn uninvited() -> Vec<Entrance> {
    const GOOD: &[u8] = b"mallory@127.0.0.1";
    let long = [&b"a@"[..], &[b'b'; 300]].concat();
    let mut rows = vec![
        entrance("closes at once", "closed while waiting for the name", |socket| {
            drop(socket);
            Ok(None)
        }),
        entrance("resets at once", "closed while waiting for the name", |socket| {
            reset(socket);
            Ok(None)
        }),
        entrance("closes in the length", "closed while waiting for the name", |mut socket| {
            socket.write_all(&[0])?;
            Ok(None)
        }),
        entrance("closes in the name", "closed while waiting for the name", |mut socket| {
            socket.write_all(&[0, 50, b'N', 0, 0])?;
            Ok(None)
        }),
        entrance("closes after the name", "closed while waiting for the challenge reply", |mut socket| {
            introduced(&mut socket, GOOD)?;
            Ok(None)
        }),
        entrance("resets after the name", "the connection", |mut socket| {
            introduced(&mut socket, GOOD)?;
            reset(socket);
            Ok(None)
        }),
        bytes("an HTTP request", [&b"GET / HTTP/1.1\r\n"[..], &[b'x'; 20_000]].concat(), "name message"),
        bytes("a TLS greeting", [&b"\x16\x03\x01\x02\x00\x01"[..], &[0; 6000]].concat(), "name message"),
        bytes("zeros", vec![0; 4096], "empty"),
        message("a message of no bytes", "", "empty"),
        message("64 KiB of garbage", [&b"N"[..], &[255; 65534]].concat(), "name message"),
        message("a name that is cut off", name(FLAGS, CREATION, GOOD)[..20].to_vec(), "malformed name message"),
        message("a name that lies about its length", lying_name(), "malformed name message"),
        message("an old name of version 4", b"n\0\x04\0\0\0\0a@b".to_vec(), "its version is below 5"),
        message("an old name without flags", b"n\0\x05\0\0\0\0a@b".to_vec(), "cannot handle"),
        message("an old name that is cut off", b"n\0\x05\0".to_vec(), "malformed name message"),
        message("no @ in the name", name(FLAGS, CREATION, b"mallory"), "the name \"mallory\""),
        message("an empty name", name(FLAGS, CREATION, b""), "the name \"\""),
        message("only an @", name(FLAGS, CREATION, b"@"), "the name \"@\""),
        message("two @", name(FLAGS, CREATION, b"a@b@c"), "the name \"a@b@c\""),
        message("a name of 302 bytes", name(FLAGS, CREATION, &long), "the name \"a@b"),
        message("a name that is no UTF-8", name(FLAGS, CREATION, b"\xff@\xfe"), "the name \"\\xff@\\xfe\""),
        message("a name with a line end", name(FLAGS, CREATION, b"a\n@b"), "the name \"a\\n@b\""),
        message("a name with a zero", name(FLAGS, CREATION, b"a\0@b"), "the name \"a\\x00@b\""),
        message("a challenge for a name", super::handshake::challenge(FLAGS, 7, GOOD), "name"),
        message("a status for a name", "sok", "expected the name message"),
        message("a reply for a name", reply(7, &[0; 16]), "expected the name message"),
        message("an acknowledgement for a name", ack(&[0; 16]), "expected the name message"),
        refused("no flags", 0, GOOD, b"snot_allowed", "cannot handle"),
        in_place_of_a_reply("a wrong digest", reply(9, &[0xAA; 16]), "does not know our cookie"),
        in_place_of_a_reply("a reply that is cut off", reply(9, &[0xAA; 16])[..12].to_vec(), "challenge reply"),
        in_place_of_a_reply("a reply that is too long", [&reply(9, &[0; 16])[..], b"x"].concat(), "challenge reply"),
        in_place_of_a_reply("an empty reply", "", "empty"),
        in_place_of_a_reply("a complement for a reply", b"c\0\0\0\x0d\0\0\0\x09".to_vec(), "challenge reply"),
        in_place_of_a_reply("a status reply for a reply", "strue", "challenge reply"),
        in_place_of_a_reply("a second name for a reply", name(FLAGS, CREATION, GOOD), "challenge reply"),
        in_place_of_a_reply("64 KiB for a reply", [&b"r"[..], &[0; 65534]].concat(), "challenge reply"),
        entrance("the digest of another cookie", "does not know our cookie", |mut socket| {
            let number = introduced(&mut socket, GOOD)?;
            send(&mut socket, &reply(9, &digest("another_cookie", number)))?;
            Ok(Some(socket))
        }),
        entrance("the digest of another challenge", "does not know our cookie", |mut socket| {
            let number = introduced(&mut socket, GOOD)?;
            send(&mut socket, &reply(9, &digest(COOKIE, number ^ 1)))?;
            Ok(Some(socket))
        }),
        entrance("name and reply in one piece, before the challenge", "does not know our cookie", |mut socket| {
            let name = name(FLAGS, CREATION, GOOD);
            let mut all = (name.len() as u16).to_be_bytes().to_vec();
            all.extend(name);
            all.extend([&[0, 21][..], &reply(9, &digest(COOKIE, 0))].concat());
            socket.write_all(&all)?;
            Ok(Some(socket))
        }),
        entrance("the name of a healthy peer, given up", "exists already", |mut socket| {
            send(&mut socket, &name(FLAGS, CREATION, HEALTHY.as_bytes()))?;
            expect(&receive(&mut socket)?, b"salive")?;
            send(&mut socket, b"sfalse")?;
            Ok(Some(socket))
        }),
        entrance("the name of a healthy peer, without the cookie", "does not know our cookie", |mut socket| {
            send(&mut socket, &name(FLAGS, CREATION, HEALTHY.as_bytes()))?;
            expect(&receive(&mut socket)?, b"salive")?;
            send(&mut socket, b"strue")?;
            challenge(&mut socket)?;
            send(&mut socket, &reply(9, &[0; 16]))?;
            Ok(Some(socket))
        }),
        entrance("the name of a healthy peer, neither true nor false", "neither true nor false", |mut socket| {
            send(&mut socket, &name(FLAGS, CREATION, HEALTHY.as_bytes()))?;
            expect(&receive(&mut socket)?, b"salive")?;
            send(&mut socket, b"smaybe")?;
            Ok(Some(socket))
        }),
        entrance("a name is asked for, without the cookie", "does not know our cookie", |mut socket| {
            send(&mut socket, &name(FLAGS | 1 << 33, 0, b"127.0.0.1"))?;
            let status = receive(&mut socket)?;
            expect(&status[..status.len().min(7)], b"snamed:")?;
            challenge(&mut socket)?;
            send(&mut socket, &reply(9, &[0; 16]))?;
            Ok(Some(socket))
        }),
        entrance("a name is asked for at a host that is none", "is not acceptable", |mut socket| {
            send(&mut socket, &name(FLAGS | 1 << 33, 0, b"a@b"))?;
            Ok(Some(socket))
        }),
    ];
    // Everything that OTP 25 demands, one by one, and the shorthand for all of them with each.
    const MANDATORY: [u64; 11] =
        [0x4, 0x10, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1_0000, 0x2_0000, 0x4_0000, 0x100_0000];
    for flag in MANDATORY {
        let title = format!("flags without {flag:#x}");
        rows.push(refused(&title, FLAGS & !(flag | 0x400_0000), GOOD, b"snot_allowed", "cannot handle"));
    }
    rows
}

/// The name of the peer that must not notice anything.
pub(crate) const HEALTHY: &str = "healthy@127.0.0.1";

fn lying_name() -> Vec<u8> {
    let mut message = name(FLAGS, CREATION, b"mallory@127.0.0.1");
    message[13..15].copy_from_slice(&[255, 255]);
    message
}

/// Peers that know the cookie, and break the protocol afterwards.
pub(crate) fn invited() -> Vec<Entrance> {
    let row = |title: &str, bytes: Vec<u8>, says: &'static str| {
        let own_name = format!("peer{}@127.0.0.1", title.len());
        entrance(title, says, move |mut socket| {
            connect(&mut socket, &own_name, COOKIE)?;
            socket.write_all(&bytes)?;
            Ok(Some(socket))
        })
    };
    let glued = [&frame(&[1, 2, 3])[..], &[0; 12]].concat();
    vec![
        row("closes", vec![], "the peer closed the connection").closing(),
        row("a frame of 4 GiB", vec![255; 5], "over the limit"),
        row("a frame that is garbage", frame(&[7; 99]), "112, 131"),
        row("no control message at all", signal(&[106]), "not a tuple"),
        entrance("rubbish in the same piece as the reply", "112, 131", move |mut socket| {
            let number = introduced(&mut socket, b"hasty@127.0.0.1")?;
            let all = [&[0, 21][..], &reply(9, &digest(COOKIE, number)), &glued].concat();
            socket.write_all(&all)?;
            receive(&mut socket)?;
            Ok(Some(socket))
        }),
    ]
}

impl Entrance {
    /// Closes the connection after it has done its part.
    fn closing(self) -> Self {
        let act = self.act;
        Entrance { act: Box::new(move |socket| act(socket).map(|_| None)), ..self }
    }
}

/// Says nothing, or as little as possible, for as long as it is let.
pub(crate) fn slow() -> Vec<Entrance> {
    vec![
        entrance("silent from the start", "no name message", |socket| Ok(Some(socket))),
        entrance("silent after its name", "no challenge reply message", |mut socket| {
            introduced(&mut socket, b"slow@127.0.0.1")?;
            Ok(Some(socket))
        }),
        entrance("silent when asked whether to go on", "no status reply message", |mut socket| {
            send(&mut socket, &name(FLAGS, CREATION, HEALTHY.as_bytes()))?;
            expect(&receive(&mut socket)?, b"salive")?;
            Ok(Some(socket))
        }),
        entrance("one byte every 100 ms", "no name message", |mut socket| {
            socket.write_all(&[15, 255, b'N'])?;
            while socket.write_all(&[0]).is_ok() {
                thread::sleep(Duration::from_millis(100));
            }
            Ok(None)
        }),
    ]
}

/// Waits until the node has closed; what it says before is skipped.
pub(crate) fn wait_closed(mut socket: TcpStream, within: Duration) -> io::Result<()> {
    socket.set_read_timeout(Some(within))?;
    let mut chunk = [0; 4096];
    loop {
        match socket.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
            // A reset is an end as well.
            Err(_) => return Ok(()),
        }
    }
}

/// A peer that is served all the time, on a thread of its own, and notes how long it waits.
pub(crate) struct Healthy {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    pinging: thread::JoinHandle<Result<Vec<Duration>, String>>,
}

impl Healthy {
    pub(crate) fn start(mut link: Link) -> Self {
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = stop.clone();
        let pinging = move || {
            let mut waits = Vec::new();
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                let took = link.answers();
                waits.push(took.map_err(|error| format!("ping {}: {error}", waits.len()))?);
                thread::sleep(Duration::from_millis(2));
            }
            Ok(waits)
        };
        // A name by which a measurement can give it a priority.
        let pinging = thread::Builder::new().name("healthy".to_owned()).spawn(pinging).expect("a thread");
        Healthy { stop, pinging }
    }

    /// Every ping was answered; says how many there were and how long it waited.
    pub(crate) fn stop(self) -> String {
        let waits = self.waits();
        assert!(!waits.is_empty(), "the healthy peer had no turn");
        let [half, longest] = [waits[waits.len() / 2], waits[waits.len() - 1]];
        format!("{} pings, half within {half:.1?}, the longest {longest:.1?}", waits.len())
    }

    /// The same, with how long it waited for each answer, the shortest first.
    pub(crate) fn waits(self) -> Vec<Duration> {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let result = self.pinging.join().expect("the healthy peer");
        let mut waits = result.unwrap_or_else(|problem| panic!("the healthy peer is not served: {problem}"));
        waits.sort();
        waits
    }
}
