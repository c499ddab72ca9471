//! Replays handshakes of real nodes: our machines must say byte for byte what the BEAM or the C
//! node in their place said. Recorded by `scripts/vectors/handshake.py`.
#![allow(clippy::unwrap_used)]

use nodex_proto::protocol::handshake::{Acceptor, Answer, Event, Framing, HandshakeError, Initiator, Local};
use nodex_proto::protocol::{Cookie, Flags};

struct Case {
    title: &'static str,
    /// (from the connecting side, message)
    messages: Vec<(bool, Vec<u8>)>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in include_str!("handshake_vectors.txt").lines() {
        if let Some(title) = line.strip_prefix("= ") {
            cases.push(Case { title, messages: Vec::new() });
        } else if let Some((direction @ (">" | "<"), hex)) = line.split_once(' ') {
            let hex = hex.trim_end_matches(" #");
            let bytes = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..][..2], 16).unwrap()).collect();
            cases.last_mut().unwrap().messages.push((direction == ">", bytes));
        }
    }
    assert_eq!(cases.len(), 9);
    cases
}

impl Case {
    fn said_by(&self, initiator: bool) -> Vec<&[u8]> {
        self.messages.iter().filter(|(from, _)| *from == initiator).map(|(_, bytes)| &bytes[..]).collect()
    }

    fn stream(&self, initiator: bool, framing: Framing) -> Vec<u8> {
        self.said_by(initiator).into_iter().flat_map(|message| framed(framing, message)).collect()
    }

    /// The message with this tag that the side sent.
    fn find(&self, initiator: bool, tag: u8) -> Option<&[u8]> {
        self.said_by(initiator).into_iter().find(|message| message[0] == tag)
    }

    fn status(&self) -> &[u8] {
        &self.find(false, b's').unwrap()[1..]
    }

    /// The node that connected, as its name message describes it.
    fn initiator(&self) -> Local {
        let message = self.find(true, b'N').unwrap();
        local(message[15..].to_vec(), be64(&message[1..]), be32(&message[9..]))
    }

    /// The node that accepted, as its challenge describes it.
    fn acceptor(&self) -> Option<Local> {
        let message = self.find(false, b'N')?;
        Some(local(message[19..].to_vec(), be64(&message[1..]), be32(&message[13..])))
    }
}

fn local(name: Vec<u8>, flags: u64, creation: u32) -> Local {
    Local {
        name: String::from_utf8(name).unwrap(),
        flags: Flags::from_bits(flags),
        required: Flags::MANDATORY_25,
        creation,
        cookie: Cookie::new("vectors").unwrap(),
    }
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

fn be64(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes[..8].try_into().unwrap())
}

fn framed(framing: Framing, message: &[u8]) -> Vec<u8> {
    let length = match framing {
        Framing::Two => (message.len() as u16).to_be_bytes().to_vec(),
        Framing::Four => (message.len() as u32).to_be_bytes().to_vec(),
    };
    [&length[..], message].concat()
}

const FRAMINGS: [Framing; 2] = [Framing::Two, Framing::Four];
/// Bytes handed in at once: as they drip, a few, all.
const CHUNKS: [usize; 3] = [1, 7, usize::MAX];

#[test]
fn as_initiator_we_say_what_the_recorded_initiator_said() {
    for case in cases() {
        for framing in FRAMINGS {
            for chunk in CHUNKS {
                replay_initiator(&case, framing, chunk);
            }
        }
    }
}

fn replay_initiator(case: &Case, framing: Framing, chunk: usize) {
    let title = case.title;
    let challenge = case.find(true, b'r').map_or(0, |reply| be32(&reply[1..]));
    let peer = case.acceptor().map_or("b@127.0.0.1".to_owned(), |acceptor| acceptor.name);
    let mut machine = Initiator::new(case.initiator(), &peer, framing, challenge).unwrap();
    let mut said = machine.take_output();
    let mut result = Ok(None);
    for part in case.stream(false, framing).chunks(chunk) {
        assert_eq!(result, Ok(None), "{title}");
        result = machine.handle_input(part);
        said.extend(machine.take_output());
    }
    assert_eq!(said, case.stream(true, framing), "{title}");
    match case.status() {
        b"nok" => assert_eq!(result, Err(HandshakeError::Nok { peer })),
        b"not_allowed" => assert_eq!(result, Err(HandshakeError::NotAllowed { peer })),
        status => {
            let established = result.unwrap().expect(title);
            let acceptor = case.acceptor().unwrap();
            assert_eq!(established.peer.name, acceptor.name);
            assert_eq!(established.peer.creation, acceptor.creation);
            assert_eq!(established.rest, b"");
            if let Some(named) = status.strip_prefix(b"named:") {
                let given = established.given.unwrap();
                assert_eq!(given.name.as_bytes(), &named[2..named.len() - 4]);
                assert_eq!(given.creation, be32(&named[named.len() - 4..]));
            } else {
                assert_eq!(established.given, None);
            }
        }
    }
}

#[test]
fn as_acceptor_we_say_what_the_recorded_acceptor_said() {
    for case in cases() {
        for framing in FRAMINGS {
            for chunk in CHUNKS {
                replay_acceptor(&case, framing, chunk);
            }
        }
    }
}

fn replay_acceptor(case: &Case, framing: Framing, chunk: usize) {
    let title = case.title;
    let challenge = case.find(false, b'N').map_or(0, |message| be32(&message[9..]));
    let local = case.acceptor().unwrap_or_else(|| local(b"b@127.0.0.1".to_vec(), Flags::HIDDEN.bits(), 1));
    let mut machine = Acceptor::new(local, framing, challenge).unwrap();
    let mut said = Vec::new();
    let mut established = None;
    for part in case.stream(true, framing).chunks(chunk) {
        let mut result = machine.handle_input(part);
        loop {
            match result {
                Ok(None) => break,
                Ok(Some(Event::Name(request))) => {
                    let initiator = case.initiator();
                    assert_eq!(request.name, initiator.name, "{title}");
                    let answer = match case.status() {
                        b"ok" => Answer::Ok,
                        b"ok_simultaneous" => Answer::OkSimultaneous,
                        b"nok" => Answer::Nok,
                        b"alive" => Answer::Alive,
                        named => {
                            assert!(request.wants_name, "{title}");
                            let name = &named[b"named:".len() + 2..named.len() - 4];
                            let name = String::from_utf8(name.to_vec()).unwrap();
                            Answer::Named { name, creation: be32(&named[named.len() - 4..]) }
                        }
                    };
                    result = machine.answer(answer);
                }
                Ok(Some(Event::Replace(peer))) => {
                    assert_eq!(case.status(), b"alive");
                    assert_eq!(peer.name, case.initiator().name);
                    result = machine.replaced();
                }
                Ok(Some(Event::Established(done))) => {
                    established = Some(done);
                    break;
                }
                Err(HandshakeError::MissingFlags { missing, .. }) => {
                    assert_eq!(title, "beam misses flags");
                    assert_eq!(missing, Flags::MANDATORY_25.without(Flags::EXTENDED_REFERENCES));
                    break;
                }
                Err(error) => panic!("{title}: {error}"),
            }
        }
        said.extend(machine.take_output());
    }
    assert_eq!(said, case.stream(false, framing), "{title}");
    assert_eq!(established.is_some(), case.find(true, b'r').is_some(), "{title}");
    if let Some(established) = established {
        assert_eq!(
            established.peer.creation,
            match case.status() {
                named if named.starts_with(b"named:") => be32(&named[named.len() - 4..]),
                _ => case.initiator().creation,
            }
        );
    }
}
