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
