//! The first message of OTP 23 and 24 that did not find version 6 in epmd.

use super::*;

/// `dist_util:recv_name` of OTP 23 and 24 takes `n` followed by `c`; this is the layout of the
/// documentation ("The Handshake in Detail"), and what OTP 23 sends to a node that registered with
/// version 5.
fn old_name(flags: Flags) -> Vec<u8> {
    let mut message = vec![b'n', 0, 5];
    message.extend((flags.bits() as u32).to_be_bytes());
    message.extend(CLIENT.as_bytes());
    wire(&message)
}

fn complement(flags: Flags) -> Vec<u8> {
    let mut message = vec![b'c'];
    message.extend(((flags.bits() >> 32) as u32).to_be_bytes());
    message.extend(99u32.to_be_bytes());
    wire(&message)
}

#[test]
fn the_old_name_message_is_completed_by_the_complement() {
    let otp_23 = Flags::from_bits(0x1_01DF_7FBC);
    let stream = [old_name(otp_23), complement(otp_23), reply(), b"rest".to_vec()].concat();
    for cut in 0..stream.len() {
        let mut b = acceptor();
        let mut established = None;
        for part in [&stream[..cut], &stream[cut..]] {
            let mut result = b.handle_input(part).unwrap();
            if let Some(Event::Name(request)) = &result {
                assert_eq!(request.name, CLIENT);
                assert_eq!(request.flags.bits(), 0x01DF_7FBC);
                result = b.answer(Answer::Ok).unwrap();
            }
            if let Some(Event::Established(done)) = result {
                established = Some(done);
                break;
            }
        }
        let Some(established) = established else { panic!("cut at {cut}") };
        assert_eq!(established.peer.creation, 99);
        assert_eq!(established.peer.flags, otp_23);
        assert!(b"rest".starts_with(&established.rest));
        let output = b.take_output();
        assert_eq!(&output[..5], wire(b"sok"));
        assert_eq!(output[7], b'N');
    }
}

#[test]
fn old_names_must_come_with_the_new_handshake_and_all_flags() {
    let otp_22 = Flags::from_bits(0x00DF_7FBC);
    let mut b = acceptor();
    assert_eq!(
        b.handle_input(&old_name(otp_22)),
        Err(HandshakeError::MissingFlags { peer: CLIENT.into(), missing: Flags::HANDSHAKE_23 })
    );
    assert_eq!(b.take_output(), wire(b"snot_allowed"));

    // The upper half comes after the challenge, too late for a status.
    let mut strict = local(SERVER);
    strict.required = Flags::MANDATORY_26;
    let mut b = Acceptor::new(strict, Framing::Two, 2222).unwrap();
    let flags = Flags::MANDATORY_26.without(Flags::V4_NC);
    assert!(matches!(b.handle_input(&old_name(flags)), Ok(Some(Event::Name(_)))));
    b.answer(Answer::Ok).unwrap();
    assert_eq!(
        b.handle_input(&complement(flags)),
        Err(HandshakeError::MissingFlags { peer: CLIENT.into(), missing: Flags::V4_NC })
    );
}
