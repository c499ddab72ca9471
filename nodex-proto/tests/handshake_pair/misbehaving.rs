//! Peers and callers that do not keep to the protocol.

use super::*;

#[test]
fn bad_names_are_refused_before_anything_else() {
    let refused = |message: Vec<u8>| acceptor().handle_input(&message).unwrap_err();
    let problem = |error| match error {
        HandshakeError::InvalidName { problem, .. } => problem,
        other => panic!("{other}"),
    };
    for (name, expected) in [
        ("", NameProblem::Empty),
        ("nohost", NameProblem::NotNameAtHost),
        ("a@", NameProblem::NotNameAtHost),
        ("a@b@c", NameProblem::NotNameAtHost),
        ("caf\u{e9}@h", NameProblem::NotAscii { at: 3 }),
    ] {
        assert_eq!(problem(refused(name_message(b"", Flags::HIDDEN, name))), expected);
    }
    let long = format!("a@{}", "h".repeat(300));
    assert_eq!(problem(refused(name_message(b"", Flags::HIDDEN, &long))), NameProblem::TooLong { length: 302 });
    let host = name_message(b"", Flags::HIDDEN | Flags::NAME_ME, "a@b");
    assert_eq!(problem(refused(host)), NameProblem::NotHost);
    assert!(Initiator::new(local(CLIENT), "server", Framing::Two, 0).is_err());
    assert!(Initiator::new(local("client"), SERVER, Framing::Two, 0).is_err());
    assert!(Acceptor::new(local("server"), Framing::Two, 0).is_err());
}

#[test]
fn malformed_messages_say_what_and_where() {
    let to_acceptor = [
        (&b""[..], "malformed name message: it is empty at byte 0"),
        (b"X", "expected the name message, got one with tag 88"),
        (b"N\0\0", "malformed name message: it ends too early at byte 1"),
        (b"N\0\0\0\0\0\0\0\0\0\0\0\0\xff\xffa@b", "malformed name message: it ends too early at byte 15"),
        (b"n\0\x04\0\0\0\0a@b", "malformed name message: its version is below 5 at byte 1"),
    ];
    for (message, expected) in to_acceptor {
        let error = acceptor().handle_input(&wire(message)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let to_initiator = [
        (&b"sko"[..], "server@127.0.0.1 sent the status \"ko\", which does not fit here"),
        (b"s", "server@127.0.0.1 sent the status \"\", which does not fit here"),
        (b"snamed:\0\xff", "malformed status message: it ends too early at byte 9"),
        (b"a", "expected the status message, got one with tag 97"),
    ];
    for (message, expected) in to_initiator {
        let error = initiator(local(CLIENT)).handle_input(&wire(message)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let mut a = Initiator::new(local(CLIENT), SERVER, Framing::Four, 1).unwrap();
    assert_eq!(
        a.handle_input(b"\xff\xff\xff\xff").unwrap_err().to_string(),
        "the status message announces 4294967295 bytes, the limit is 65535"
    );
}

#[test]
fn no_input_makes_a_machine_panic_or_forget_its_end() {
    // Every prefix of a good stream with every wrong byte after it.
    let mut a = initiator(local(CLIENT));
    let good = [a.take_output(), reply()].concat();
    for cut in 0..good.len() {
        for wrong in 0..=255 {
            let mut b = acceptor();
            let mut stream = good[..cut].to_vec();
            stream.extend([wrong; 70]);
            let mut result = b.handle_input(&stream);
            if let Ok(Some(Event::Name(_))) = result {
                result = b.answer(Answer::Ok);
            }
            if result.is_err() {
                assert!(matches!(b.handle_input(b"x"), Err(HandshakeError::Misuse { .. })));
            }
        }
    }
}

#[test]
fn a_peer_that_talks_while_we_think_is_cut_off() {
    let mut b = acceptor();
    b.handle_input(&name_message(b"", Flags::HIDDEN, CLIENT)).unwrap();
    let mut given = 0;
    while given < 200_000 {
        given += 1000;
        if b.handle_input(&[0; 1000]).is_err() {
            assert!(given < 70_000);
            return;
        }
    }
    panic!("took {given} bytes");
}

#[test]
fn machines_that_are_driven_wrongly_say_so() {
    let mut b = acceptor();
    assert!(matches!(b.answer(Answer::Ok), Err(HandshakeError::Misuse { .. })));
    assert!(matches!(acceptor().replaced(), Err(HandshakeError::Misuse { .. })));
    let mut b = acceptor();
    b.handle_input(&name_message(b"", Flags::HIDDEN, CLIENT)).unwrap();
    let named = Answer::Named { name: CLIENT.into(), creation: 1 };
    assert!(matches!(b.answer(named), Err(HandshakeError::Misuse { .. })));
}

/// A challenge of this node that comes back in place of one of the peer's own is not answered, wherever it was open.
#[test]
fn challenges_of_our_own_are_not_answered() {
    const US: &str = "us@127.0.0.1";
    const EVE: &str = "eve@127.0.0.1";
    const SECRET: u32 = 0x5EC2_E701;
    let us = || local(US);
    let status_and_challenge = |number: u32, name: &[u8]| {
        let mut message = challenge_message(Flags::HIDDEN, name);
        message[11..15].copy_from_slice(&number.to_be_bytes());
        [wire(b"sok"), message].concat()
    };
    let reflected = HandshakeError::Reflected { peer: EVE.into() };
    let dials = |own: u32| {
        let mut machine = Initiator::new(us(), EVE, Framing::Two, own).unwrap();
        assert!(!machine.take_output().is_empty(), "the name");
        machine
    };

    // Of the side that was connected to, to the side that connects.
    let open = Acceptor::new(us(), Framing::Two, SECRET).unwrap();
    let mut machine = dials(1);
    assert_eq!(machine.handle_input(&status_and_challenge(SECRET, EVE.as_bytes())), Err(reflected.clone()));
    assert_eq!(machine.take_output(), b"", "no answer");
    // Once that handshake is over, the number is one like any other.
    drop(open);
    let mut machine = dials(1);
    assert_eq!(machine.handle_input(&status_and_challenge(SECRET, EVE.as_bytes())), Ok(None));
    assert!(!machine.take_output().is_empty());

    // Of an attempt to connect, to another one or to itself.
    let first = dials(SECRET);
    for own in [2, SECRET] {
        let mut second = dials(own);
        assert_eq!(second.handle_input(&status_and_challenge(SECRET, EVE.as_bytes())), Err(reflected.clone()));
        assert_eq!(second.take_output(), b"");
    }
    drop(first);

    // To the side that was connected to, by somebody who has answered.
    let attempt = Initiator::new(us(), "third@127.0.0.1", Framing::Two, SECRET).unwrap();
    for asks in [SECRET, 0x5EC2_E702] {
        let mut machine = Acceptor::new(us(), Framing::Two, 0x5EC2_E702).unwrap();
        machine.handle_input(&name_message(b"", Flags::HIDDEN, EVE)).unwrap();
        machine.answer(Answer::Ok).unwrap();
        machine.take_output();
        let digest = Cookie::new("secret").unwrap().digest(0x5EC2_E702);
        let proof = wire(&[&b"r"[..], &asks.to_be_bytes(), &digest].concat());
        assert_eq!(machine.handle_input(&proof), Err(reflected.clone()));
        assert_eq!(machine.take_output(), b"");
    }

    // A node of this process that is dialled by its name has open challenges as any other has.
    let neighbour = Acceptor::new(local(EVE), Framing::Two, SECRET).unwrap();
    drop(attempt);
    let mut machine = dials(3);
    assert_eq!(machine.handle_input(&status_and_challenge(SECRET, EVE.as_bytes())), Ok(None));
    assert!(!machine.take_output().is_empty());
    drop(neighbour);
}
