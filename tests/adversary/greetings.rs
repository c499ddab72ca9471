//! Hosts that get the handshake wrong, step by step.

use std::{
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{
    handshake::{FLAGS, ack, challenge, challenge_in_reply, digest, receive, send},
    link::reset,
    stage::{COOKIE, HOST, Named},
};

/// A host that misbehaves, and what the node says of it on stderr before it ends with status 1.
pub(crate) struct Greeting {
    name: String,
    /// Everything from the accepted socket on. What is returned stays open until the node has ended.
    pub(crate) act: Box<dyn Fn(TcpStream) -> Option<TcpStream> + Send + Sync>,
    pub(crate) says: &'static str,
    /// The node finds out by its own deadline, and says so. Otherwise it must not come to that.
    pub(crate) gives_up: bool,
}

impl Named for Greeting {
    fn name(&self) -> &str {
        &self.name
    }
}

/// How far a host does its part before it does something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Step {
    /// The node's name is not even read.
    Nothing,
    /// The name is read.
    Name,
    /// The status `ok` is sent.
    Status,
    /// The challenge is sent, the answer not read.
    Challenge,
    /// The answer is read; the acknowledgement is due.
    Reply,
}

const STEPS: [Step; 5] = [Step::Nothing, Step::Name, Step::Status, Step::Challenge, Step::Reply];

/// Does a host's part up to this step. Gives the challenge of the node if it was read.
pub(crate) fn up_to(socket: &mut TcpStream, step: Step) -> std::io::Result<u32> {
    if step >= Step::Name {
        receive(socket)?;
    }
    if step >= Step::Status {
        send(socket, b"sok")?;
    }
    if step >= Step::Challenge {
        send(socket, &challenge(FLAGS, 7, HOST.as_bytes()))?;
    }
    match step {
        Step::Reply => Ok(challenge_in_reply(&receive(socket)?).unwrap_or(0)),
        _ => Ok(0),
    }
}

/// MANDATORY_25_DIGEST, which stands for all flags that OTP 25 demands.
const SHORTHAND: u64 = 0x400_0000;

/// Far longer than the seven seconds after which the node gives up; the machine may be busy.
const LONG: Duration = Duration::from_secs(60);

fn greeting(
    name: impl Into<String>,
    says: &'static str,
    act: impl Fn(TcpStream) -> Option<TcpStream> + Send + Sync + 'static,
) -> Greeting {
    Greeting { name: name.into(), act: Box::new(act), says, gives_up: false }
}

/// At this step the host sends one message of its own.
fn message(name: &str, step: Step, message: impl Into<Vec<u8>>, says: &'static str) -> Greeting {
    let message = message.into();
    greeting(name, says, move |mut socket| {
        up_to(&mut socket, step).ok()?;
        send(&mut socket, &message).ok()?;
        Some(socket)
    })
}

/// At this step the host sends any bytes.
fn bytes(name: &str, step: Step, bytes: impl Into<Vec<u8>>, says: &'static str) -> Greeting {
    let bytes = bytes.into();
    greeting(name, says, move |mut socket| {
        up_to(&mut socket, step).ok()?;
        socket.write_all(&bytes).ok()?;
        Some(socket)
    })
}

fn waits_for(step: Step) -> &'static str {
    match step {
        Step::Nothing | Step::Name => "status",
        Step::Status => "challenge",
        // The peer went after it had our digest: the sign of a refused cookie.
        Step::Challenge | Step::Reply => "cookie",
    }
}

/// The connection ends at every step, in order and by a reset.
pub(crate) fn ends() -> Vec<Greeting> {
    let mut all = Vec::new();
    for step in STEPS {
        all.push(greeting(format!("closed after {step:?}"), waits_for(step), move |mut socket| {
            up_to(&mut socket, step).ok()?;
            None
        }));
        all.push(greeting(format!("reset after {step:?}"), waits_for(step), move |mut socket| {
            up_to(&mut socket, step).ok()?;
            reset(socket);
            None
        }));
        if step > Step::Nothing && step < Step::Reply {
            all.push(greeting(format!("closed in the message after {step:?}"), waits_for(step), move |mut socket| {
                up_to(&mut socket, step).ok()?;
                socket.write_all(&[0, 50, b's', b'o']).ok()?;
                None
            }));
        }
    }
    all
}

/// The host says no more at every step; and one that never stops saying little.
pub(crate) fn silences() -> Vec<Greeting> {
    let says = |step| match step {
        Step::Nothing | Step::Name => "no status",
        Step::Status => "no challenge",
        Step::Challenge | Step::Reply => "no challenge acknowledgement",
    };
    let mut all: Vec<Greeting> = STEPS
        .into_iter()
        .map(|step| {
            greeting(format!("silent after {step:?}"), says(step), move |mut socket| {
                up_to(&mut socket, step).ok()?;
                Some(socket)
            })
        })
        .collect();
    all.push(greeting("half a status, then silence", "no status", |mut socket| {
        socket.write_all(&[0, 3, b's']).ok()?;
        Some(socket)
    }));
    all.push(greeting("a status of 64 KiB, one byte every 50 ms", "no status", |mut socket| {
        let deadline = Instant::now() + LONG;
        socket.write_all(&[255, 255, b's']).ok()?;
        while Instant::now() < deadline && socket.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
        None
    }));
    all.push(bytes("a status without a length", Step::Name, "sok!", "no status"));
    all.iter_mut().for_each(|greeting| greeting.gives_up = true);
    all
}

/// Messages that say something else than they should.
pub(crate) fn wrong_words() -> Vec<Greeting> {
    use Step::{Name, Reply, Status};
    let challenge_from = |name: &[u8]| challenge(FLAGS, 7, name);
    let lacking = |flag: u64| challenge(FLAGS & !(flag | SHORTHAND), 7, HOST.as_bytes());
    let padded = |head: &[u8]| [head, &vec![b'x'; 65535 - head.len()]].concat();
    let named = |name: &[u8]| [&b"snamed:"[..], &(name.len() as u16).to_be_bytes(), name, &[0, 0, 0, 5]].concat();
    vec![
        message("status nok", Name, "snok", "at the same time"),
        message("status not_allowed", Name, "snot_allowed", "does not allow"),
        message("status alive", Name, "salive", "is taken"),
        message("status named", Name, named(b"x@127.0.0.1"), "status"),
        message("status named that lies about its length", Name, b"snamed:\xff\xffx".to_vec(), "status"),
        message("status named without a length", Name, "snamed:", "status"),
        message("status unknown", Name, "swhatever", "status \"whatever\""),
        message("status empty", Name, "s", "status"),
        message("status in capital letters", Name, "sOK", "status \"OK\""),
        message("status that is not printable", Name, b"s\x00\x1b[2J\xff\n\n".to_vec(), "status"),
        message("status of 64 KiB", Name, padded(b"s"), "status"),
        message("a message of no bytes for a status", Name, "", "empty"),
        message("a challenge for a status", Name, challenge_from(HOST.as_bytes()), "status"),
        message("our own name for a status", Name, b"N12345678".to_vec(), "status"),
        bytes("an HTTP answer for a status", Name, padded(b"HTTP/1.1 400 Bad Request\r\n"), "status"),
        bytes("zeros for a status", Name, vec![0; 4096], "empty"),
        message("a challenge of another node", Status, challenge_from(b"other@127.0.0.1"), "dialled host@127.0.0.1"),
        message("a challenge of a longer name", Status, challenge_from(b"host@127.0.0.12"), "dialled host@127.0.0.1"),
        message("a challenge of no name", Status, challenge_from(b""), "dialled host@127.0.0.1"),
        message("a challenge of a name that is no UTF-8", Status, challenge_from(b"host@\xff\x00"), "\\xff"),
        message("a challenge of a name of 60 kB", Status, challenge_from(&[b'a'; 60_000]), "dialled host@127.0.0.1"),
        message("a challenge whose name lies about its length", Status, lying_challenge(), "challenge"),
        message("a challenge that is cut off", Status, challenge_from(HOST.as_bytes())[..12].to_vec(), "challenge"),
        message(
            "a challenge of the old kind",
            Status,
            b"n\x00\x05\x00\x00\x00\x01\x00\x00\x00\x07host@127.0.0.1".to_vec(),
            "challenge",
        ),
        message("a challenge without any flags", Status, challenge(0, 7, HOST.as_bytes()), "cannot handle"),
        message("a challenge without BIG_CREATION", Status, lacking(0x4_0000), "BIG_CREATION"),
        message("a challenge without HANDSHAKE_23", Status, lacking(0x100_0000), "HANDSHAKE_23"),
        message("a challenge without UTF8_ATOMS", Status, lacking(0x1_0000), "UTF8_ATOMS"),
        message("an acknowledgement for a challenge", Status, ack(&[0; 16]), "challenge"),
        message("a second status for a challenge", Status, "sok", "challenge"),
        message("a challenge of 64 KiB of garbage", Status, padded(b"N"), "dialled host@127.0.0.1"),
        message("a wrong digest", Reply, ack(&[0xAA; 16]), "does not know our cookie"),
        message("an acknowledgement that is cut off", Reply, ack(&[0; 16])[..9].to_vec(), "acknowledgement"),
        message("an acknowledgement that is too long", Reply, padded(b"a"), "acknowledgement"),
        message("an acknowledgement with another tag", Reply, b"b0123456789abcdef".to_vec(), "acknowledgement"),
        message("an acknowledgement of no bytes", Reply, "", "empty"),
        greeting("our own digest given back", "does not know our cookie", |mut socket| {
            up_to(&mut socket, Step::Challenge).ok()?;
            let reply = receive(&mut socket).ok()?;
            send(&mut socket, &ack(reply[5..].first_chunk()?)).ok()?;
            Some(socket)
        }),
        greeting("a digest of another cookie", "does not know our cookie", |mut socket| {
            let number = up_to(&mut socket, Step::Reply).ok()?;
            send(&mut socket, &ack(&digest("another_cookie", number))).ok()?;
            Some(socket)
        }),
        greeting("a digest of another challenge", "does not know our cookie", |mut socket| {
            let number = up_to(&mut socket, Step::Reply).ok()?;
            send(&mut socket, &ack(&digest(COOKIE, number ^ 1))).ok()?;
            Some(socket)
        }),
    ]
}

/// A length of the name that goes beyond the message.
fn lying_challenge() -> Vec<u8> {
    let mut message = challenge(FLAGS, 7, HOST.as_bytes());
    message[17..19].copy_from_slice(&[255, 255]);
    message
}
