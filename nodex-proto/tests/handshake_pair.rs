//! Both sides of the handshake against each other in memory, and against peers that misbehave.
#![allow(clippy::unwrap_used)]

mod misbehaving;
mod old_names;

use nodex_proto::protocol::handshake::{
    Acceptor, Answer, Established, Event, Framing, HandshakeError, Initiator, Local, NameProblem, Request,
    simultaneous_answer,
};
use nodex_proto::protocol::{Cookie, Flags};

const CLIENT: &str = "client@127.0.0.1";
const SERVER: &str = "server@127.0.0.1";

fn local(name: &str) -> Local {
    Local::hidden(name, 77, Cookie::new("secret").unwrap())
}

fn initiator(local: Local) -> Initiator {
    Initiator::new(local, SERVER, Framing::Two, 1111).unwrap()
}

fn acceptor() -> Acceptor {
    Acceptor::new(local(SERVER), Framing::Two, 2222).unwrap()
}

/// A message as it is on the wire.
fn wire(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

fn name_message(tail: &[u8], flags: Flags, name: &str) -> Vec<u8> {
    let mut message = vec![b'N'];
    message.extend(flags.bits().to_be_bytes());
    message.extend(77u32.to_be_bytes());
    message.extend((name.len() as u16).to_be_bytes());
    message.extend(name.as_bytes());
    message.extend(tail);
    wire(&message)
}

fn challenge_message(flags: Flags, name: &[u8]) -> Vec<u8> {
    let mut message = vec![b'N'];
    message.extend(flags.bits().to_be_bytes());
    message.extend(2222u32.to_be_bytes());
    message.extend(88u32.to_be_bytes());
    message.extend((name.len() as u16).to_be_bytes());
    message.extend(name);
    wire(&message)
}

fn reply() -> Vec<u8> {
    let mut message = vec![b'r'];
    message.extend(3333u32.to_be_bytes());
    message.extend(Cookie::new("secret").unwrap().digest(2222));
    wire(&message)
}

#[derive(Debug, PartialEq)]
struct Outcome {
    initiator: Result<Established, HandshakeError>,
    acceptor: Result<Established, HandshakeError>,
    replaced: bool,
}

/// Passes everything from one side to the other in pieces of `chunk` bytes until nothing moves;
/// an error closes that side's connection after its output has been delivered.
fn run(mut a: Initiator, mut b: Acceptor, chunk: usize, answer: impl Fn(&Request) -> Answer) -> Outcome {
    let (mut initiator, mut acceptor, mut replaced) = (None, None, false);
    for _ in 0..20 {
        let to_b = a.take_output();
        for part in to_b.chunks(chunk) {
            if acceptor.is_some() {
                break;
            }
            let mut result = b.handle_input(part);
            loop {
                match result {
                    Ok(None) => break,
                    Ok(Some(Event::Name(request))) => result = b.answer(answer(&request)),
                    Ok(Some(Event::Replace(_))) => {
                        replaced = true;
                        result = b.replaced();
                    }
                    Ok(Some(Event::Established(done))) => {
                        acceptor = Some(Ok(done));
                        break;
                    }
                    Err(error) => {
                        acceptor = Some(Err(error));
                        break;
                    }
                }
            }
        }
        let to_a = b.take_output();
        for part in to_a.chunks(chunk) {
            if initiator.is_none() {
                initiator = a.handle_input(part).transpose();
            }
        }
        if to_a.is_empty() && to_b.is_empty() {
            break;
        }
    }
    Outcome {
        initiator: initiator.unwrap_or_else(|| Err(a.handle_eof())),
        acceptor: acceptor.unwrap_or_else(|| Err(b.handle_eof())),
        replaced,
    }
}

fn closed(waiting_for: &'static str) -> HandshakeError {
    HandshakeError::Closed { waiting_for }
}

#[test]
fn every_chunk_size_and_framing_ends_in_the_same_connection() {
    for framing in [Framing::Two, Framing::Four] {
        for chunk in 1..=80 {
            let a = Initiator::new(local(CLIENT), SERVER, framing, 1).unwrap();
            let b = Acceptor::new(local(SERVER), framing, 2).unwrap();
            let outcome = run(a, b, chunk, |request| {
                assert_eq!((request.name.as_str(), request.wants_name), (CLIENT, false));
                Answer::Ok
            });
            let (a, b) = (outcome.initiator.unwrap(), outcome.acceptor.unwrap());
            assert_eq!((a.peer.name.as_str(), b.peer.name.as_str()), (SERVER, CLIENT));
            assert_eq!((a.peer.creation, b.peer.creation), (77, 77));
            assert_eq!((a.peer.negotiated, b.peer.negotiated), (Flags::HIDDEN, Flags::HIDDEN));
            assert!(!outcome.replaced);
        }
    }
}

#[test]
fn every_status_ends_as_it_should() {
    let statuses = [
        (Answer::Nok, HandshakeError::Nok { peer: SERVER.into() }),
        (Answer::NotAllowed, HandshakeError::NotAllowed { peer: SERVER.into() }),
    ];
    for (answer, error) in statuses {
        let outcome = run(initiator(local(CLIENT)), acceptor(), usize::MAX, |_| answer.clone());
        assert_eq!(outcome.initiator, Err(error));
        assert_eq!(outcome.acceptor, Err(closed("last")));
    }
    let outcome = run(initiator(local(CLIENT)), acceptor(), 3, |_| Answer::OkSimultaneous);
    assert!(outcome.initiator.is_ok() && outcome.acceptor.is_ok());
}

#[test]
fn alive_replaces_the_old_connection_only_after_the_cookie() {
    let outcome = run(initiator(local(CLIENT)), acceptor(), 5, |_| Answer::Alive);
    assert!(outcome.initiator.is_ok() && outcome.acceptor.is_ok() && outcome.replaced);

    let kept = initiator(local(CLIENT)).replace_existing(false);
    let outcome = run(kept, acceptor(), 5, |_| Answer::Alive);
    assert_eq!(outcome.initiator, Err(HandshakeError::AlreadyConnected { peer: SERVER.into() }));
    assert_eq!(outcome.acceptor, Err(HandshakeError::AlreadyConnected { peer: CLIENT.into() }));
    assert!(!outcome.replaced);

    let mut stranger = local(CLIENT);
    stranger.cookie = Cookie::new("guess").unwrap();
    let outcome = run(initiator(stranger), acceptor(), 5, |_| Answer::Alive);
    assert_eq!(outcome.acceptor, Err(HandshakeError::WrongCookie { peer: CLIENT.into() }));
    assert_eq!(outcome.initiator, Err(HandshakeError::CookieRefused { peer: SERVER.into() }));
    assert!(!outcome.replaced);
}

#[test]
fn the_acknowledgement_waits_until_the_old_connection_is_gone() {
    let (mut a, mut b) = (initiator(local(CLIENT)), acceptor());
    assert!(matches!(b.handle_input(&a.take_output()), Ok(Some(Event::Name(_)))));
    assert_eq!(b.answer(Answer::Alive), Ok(None));
    assert_eq!(a.handle_input(&b.take_output()), Ok(None));
    assert_eq!(b.handle_input(&a.take_output()), Ok(None));
    assert_eq!(a.handle_input(&b.take_output()), Ok(None));
    assert!(matches!(b.handle_input(&a.take_output()), Ok(Some(Event::Replace(_)))));
    assert_eq!(b.take_output(), b"");
    assert!(matches!(b.replaced(), Ok(Some(Event::Established(_)))));
    assert!(matches!(a.handle_input(&b.take_output()), Ok(Some(_))));
}

#[test]
fn an_acceptor_that_does_not_know_the_cookie_is_found_out() {
    let mut a = initiator(local(CLIENT));
    let mut input = wire(b"sok");
    input.extend(challenge_message(Flags::HIDDEN, SERVER.as_bytes()));
    input.extend(wire(&[b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(a.handle_input(&input), Err(HandshakeError::WrongCookie { peer: SERVER.into() }));
}

#[test]
fn a_close_before_our_reply_is_not_a_refused_cookie() {
    assert_eq!(initiator(local(CLIENT)).handle_eof(), closed("status"));
    let mut a = initiator(local(CLIENT));
    a.handle_input(&wire(b"sok")).unwrap();
    assert_eq!(a.handle_eof(), closed("challenge"));
    let mut a = initiator(local(CLIENT));
    a.handle_input(&wire(b"sok")).unwrap();
    a.handle_input(&challenge_message(Flags::HIDDEN, SERVER.as_bytes())).unwrap();
    assert_eq!(a.handle_eof(), HandshakeError::CookieRefused { peer: SERVER.into() });
    assert_eq!(acceptor().handle_eof(), closed("name"));
}

#[test]
fn each_mandatory_flag_is_demanded_on_both_sides() {
    for bit in 0..64 {
        let flag = Flags::from_bits(1 << bit);
        if !Flags::MANDATORY_26.contains(flag) {
            continue;
        }
        // Without the digest bit, which would stand for the missing one.
        let lacking = Flags::HIDDEN.without(flag).without(Flags::MANDATORY_25_DIGEST);
        let mut strict = local(SERVER);
        strict.required = Flags::MANDATORY_26;
        let mut b = Acceptor::new(strict, Framing::Two, 2222).unwrap();
        let missing = |peer: &str| HandshakeError::MissingFlags { peer: peer.into(), missing: flag };
        assert_eq!(b.handle_input(&name_message(b"", lacking, CLIENT)), Err(missing(CLIENT)));
        assert_eq!(b.take_output(), wire(b"snot_allowed"));

        let mut strict = local(CLIENT);
        strict.required = Flags::MANDATORY_26;
        let mut a = initiator(strict);
        a.take_output();
        a.handle_input(&wire(b"sok")).unwrap();
        let result = a.handle_input(&challenge_message(lacking, SERVER.as_bytes()));
        assert_eq!(result, Err(missing(SERVER)));
        assert_eq!(a.take_output(), b"");
        assert!(missing(SERVER).to_string().contains(flag.names().next().unwrap()));
    }
}

#[test]
fn the_digest_bit_is_enough_and_all_bits_are_not_too_much() {
    for flags in [Flags::MANDATORY_25_DIGEST, (!Flags::EMPTY).without(Flags::NAME_ME)] {
        let mut other = local(CLIENT);
        other.flags = flags;
        let outcome = run(initiator(other), acceptor(), 9, |_| Answer::Ok);
        assert_eq!(outcome.acceptor.unwrap().peer.negotiated, Flags::HIDDEN & flags.expanded());
    }
}

#[test]
fn bytes_after_the_names_are_ignored() {
    let mut b = acceptor();
    let name = b.handle_input(&name_message(b"\x01\x02 junk", Flags::HIDDEN, CLIENT)).unwrap();
    assert!(matches!(name, Some(Event::Name(request)) if request.name == CLIENT));

    let mut a = initiator(local(CLIENT));
    a.handle_input(&wire(b"sok")).unwrap();
    let mut message = challenge_message(Flags::HIDDEN, SERVER.as_bytes());
    message.extend(b"junk");
    message[1] += 4;
    assert_eq!(a.handle_input(&message), Ok(None));
    assert_eq!(a.waiting_for(), "challenge acknowledgement");
}

#[test]
fn what_follows_the_last_message_is_handed_back() {
    let (mut a, mut b) = (initiator(local(CLIENT)), acceptor());
    b.handle_input(&a.take_output()).unwrap();
    b.answer(Answer::Ok).unwrap();
    a.handle_input(&b.take_output()).unwrap();
    let mut last = a.take_output();
    last.extend(b"\0\0\0\0early");
    let Ok(Some(Event::Established(done))) = b.handle_input(&last) else { panic!() };
    assert_eq!(done.rest, b"\0\0\0\0early");
    let mut last = b.take_output();
    last.extend(b"\0\0\0\x02hi");
    assert_eq!(a.handle_input(&last).unwrap().unwrap().rest, b"\0\0\0\x02hi");
}

#[test]
fn names_are_given_at_the_host_that_asked() {
    let nameless = || {
        let mut local = local("127.0.0.1");
        local.flags = Flags::HIDDEN | Flags::NAME_ME;
        local
    };
    let given = "3KQ@127.0.0.1";
    for chunk in 1..60 {
        let outcome = run(initiator(nameless()), acceptor(), chunk, |request| {
            assert_eq!((request.name.as_str(), request.wants_name), ("127.0.0.1", true));
            Answer::Named { name: given.into(), creation: 5 }
        });
        let a = outcome.initiator.unwrap().given.unwrap();
        assert_eq!((a.name.as_str(), a.creation), (given, 5));
        let b = outcome.acceptor.unwrap().peer;
        assert_eq!((b.name.as_str(), b.creation), (given, 5));
        assert_eq!(b.negotiated, Flags::HIDDEN);
    }
    // A BEAM insists on seeing its request again in the challenge.
    let mut b = acceptor();
    b.handle_input(&initiator(nameless()).take_output()).unwrap();
    b.answer(Answer::Named { name: given.into(), creation: 5 }).unwrap();
    let output = b.take_output();
    let challenge = &output[2 + usize::from(output[1])..];
    assert_eq!(challenge[2..11], name_message(b"", Flags::HIDDEN | Flags::NAME_ME, "")[2..11]);
    for status in [&b"sok"[..], b"salive", b"snamed:\0\x05a@b.c\0\0\0\x01", b"snamed:\0\x03a@b"] {
        assert!(initiator(nameless()).handle_input(&wire(status)).is_err(), "{status:?}");
    }
    // A node with a name does not take another one.
    let named = wire(b"snamed:\0\x05a@b.c\0\0\0\x01");
    assert_eq!(
        initiator(local(CLIENT)).handle_input(&named),
        Err(HandshakeError::UnexpectedStatus { peer: SERVER.into(), status: "named:a@b.c".into() })
    );
    // Mistakes of the caller.
    for answer in [Answer::Ok, Answer::Alive, Answer::Named { name: "a@elsewhere".into(), creation: 1 }] {
        let mut b = acceptor();
        b.handle_input(&initiator(nameless()).take_output()).unwrap();
        assert!(matches!(b.answer(answer), Err(HandshakeError::Misuse { .. })));
    }
}

#[test]
fn another_node_than_the_one_dialled_is_refused() {
    for (name, shown) in [(&b"other@127.0.0.1"[..], "other@127.0.0.1"), (b"\xe9@h\n", "\\xe9@h\\n"), (b"", "")] {
        let mut a = initiator(local(CLIENT));
        a.handle_input(&wire(b"sok")).unwrap();
        a.take_output();
        assert_eq!(
            a.handle_input(&challenge_message(Flags::HIDDEN, name)),
            Err(HandshakeError::WrongName { dialled: SERVER.into(), answered: shown.into() })
        );
        assert_eq!(a.take_output(), b"", "no digest for a stranger");
    }
}

#[test]
fn of_two_attempts_the_one_of_the_greater_name_stays() {
    assert_eq!(simultaneous_answer("b@h", "a@h"), Answer::Nok);
    assert_eq!(simultaneous_answer("a@h", "b@h"), Answer::OkSimultaneous);
}
