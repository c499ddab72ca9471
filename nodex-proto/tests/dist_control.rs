//! Control messages against erl_dist's, towards peers of all ages, and what is refused.
#![allow(clippy::unwrap_used)]

mod against_erl_dist;

use nodex_proto::error::Chain;
use nodex_proto::etf::Encoder;
use nodex_proto::protocol::Flags;
use nodex_proto::protocol::control::{
    self, AtomTerm, Control, ControlError, Op, PidTerm, ProcTerm, RefTerm, Target, UnsupportedControl,
};

const PID: &[u8] = b"\x58\x77\x03a@b\0\0\0\x01\0\0\0\x02\0\0\0\x03";
const REF: &[u8] = b"\x5a\0\x01\x77\x03a@b\0\0\0\x03\0\0\0\x07";
const NAME: &[u8] = b"\x77\x04name";
const OK: &[u8] = b"\x77\x02ok";
const UNUSED: &[u8] = b"\x77\0";

fn me() -> PidTerm<'static> {
    PidTerm::new(PID).unwrap()
}

fn alias() -> RefTerm<'static> {
    RefTerm::new(REF).unwrap()
}

fn by_name() -> AtomTerm<'static> {
    AtomTerm::new(NAME).unwrap()
}

fn send(to: Target<'static>) -> Control<'static> {
    Control::Send { from: Some(me()), to, token: None, priority: false, message: OK }
}

/// `112, 131, {Number, Fields..}`, then the payload if there is one.
fn frame(number: u8, fields: &[&[u8]], payload: Option<&[u8]>) -> Vec<u8> {
    let mut frame = vec![112, 131, 104, 1 + fields.len() as u8, 97, number];
    fields.iter().for_each(|field| frame.extend_from_slice(field));
    if let Some(payload) = payload {
        frame.push(131);
        frame.extend_from_slice(payload);
    }
    frame
}

fn encoded(message: &Control<'_>, peer: Flags) -> Vec<u8> {
    let mut out = Encoder::new();
    message.encode(peer, &mut out).unwrap();
    let bytes = out.to_vec();
    assert_eq!(bytes[..4], (bytes.len() as u32 - 4).to_be_bytes());
    bytes[4..].to_vec()
}

#[test]
fn the_unused_slot_is_the_empty_atom() {
    // A C node on ei treats anything else as an error.
    let old = Flags::HIDDEN.without(Flags::SEND_SENDER);
    assert_eq!(encoded(&send(Target::Pid(me())), old), frame(2, &[UNUSED, PID], Some(OK)));
    assert_eq!(encoded(&send(Target::Name(by_name())), old), frame(6, &[PID, UNUSED, NAME], Some(OK)));
    // And whatever stands in it is accepted.
    for unused in [&b"\x68\x00"[..], b"\x77\x06cookie", b"\x61\x05", b"\x6a"] {
        let frame = frame(2, &[unused, PID], Some(OK));
        assert!(matches!(control::decode(&frame), Ok((Op::Send, Control::Send { from: None, .. }))));
    }
}

#[test]
fn the_reply_goes_by_what_the_peer_knows() {
    let reply = |peer: Flags| {
        let to = Target::reply(peer, me(), Some(alias()));
        encoded(&send(to), peer)
    };
    assert_eq!(reply(Flags::HIDDEN_ALTACT), frame(37, &[b"\x61\x04", PID, REF], Some(OK)));
    assert_eq!(reply(Flags::HIDDEN), frame(33, &[PID, REF], Some(OK)));
    let otp_23 = Flags::HIDDEN.negotiated(Flags::from_bits(0x1_01DF_7FBC));
    assert_eq!(reply(otp_23), frame(22, &[PID, PID], Some(OK)));
    assert_eq!(reply(Flags::HIDDEN.negotiated(Flags::EI)), frame(2, &[UNUSED, PID], Some(OK)));
    let plain = Target::reply(Flags::HIDDEN_ALTACT, me(), None);
    assert_eq!(encoded(&send(plain), Flags::HIDDEN_ALTACT), frame(22, &[PID, PID], Some(OK)));
}

#[test]
fn nothing_is_said_that_the_peer_does_not_know() {
    let ei = Flags::HIDDEN.negotiated(Flags::EI);
    let peer = |what, missing| UnsupportedControl::Peer { what, missing };
    let (from, to) = (me(), me());
    let cases = [
        (send(Target::Alias(alias())), peer("a message to an alias", Flags::ALIAS)),
        (
            Control::Monitor { from, to: ProcTerm::Pid(to), reference: alias() },
            peer("a monitor", Flags::DIST_MONITOR_NAME),
        ),
        (
            Control::Demonitor { from, to: ProcTerm::Pid(to), reference: alias() },
            peer("a monitor", Flags::DIST_MONITOR_NAME),
        ),
        (
            Control::MonitorExit { from: ProcTerm::Pid(from), to, reference: alias(), reason: OK },
            peer("a monitor", Flags::DIST_MONITOR_NAME),
        ),
        (
            Control::SpawnReply { id: alias(), to, flags: 0, result: ProcTerm::Pid(from), token: None },
            peer("a spawn reply", Flags::SPAWN),
        ),
        (
            Control::SpawnRequest {
                id: alias(),
                from,
                group_leader: from,
                module: by_name(),
                function: by_name(),
                arity: 0,
                options: b"\x6a",
                token: None,
                arguments: b"\x6a",
            },
            peer("a spawn request", Flags::SPAWN),
        ),
        (
            Control::Exit2 { from, to: Target::Name(by_name()), token: None, priority: false, reason: OK },
            peer("an exit signal to a name or alias", Flags::ALTACT_SIG),
        ),
        (
            Control::Send { from: None, to: Target::Name(by_name()), token: None, priority: false, message: OK },
            UnsupportedControl::MissingField { what: "a message", field: "its sender" },
        ),
        (
            Control::Unlink { id: None, from, to },
            UnsupportedControl::MissingField { what: "an unlink", field: "an id" },
        ),
    ];
    for (message, expected) in cases {
        let mut out = Encoder::new();
        assert_eq!(message.encode(ei, &mut out), Err(expected));
        assert!(out.is_empty());
    }
    let otp_23 = Flags::HIDDEN.negotiated(Flags::from_bits(0x1_01DF_7FBC));
    let ack = Control::UnlinkAck { id: 1, from, to };
    assert_eq!(ack.op_for(otp_23), Err(peer("an acknowledged unlink", Flags::UNLINK_ID)));
    assert_eq!(Control::Unlink { id: Some(1), from, to }.op_for(otp_23), Ok(Op::Unlink));
    assert_eq!(Control::Unlink { id: Some(1), from, to }.op_for(ei), Ok(Op::UnlinkId));
    assert_eq!(Control::Exit { from, to, token: None, reason: OK }.op_for(ei), Ok(Op::Exit));
}

#[test]
fn altact_signals_carry_receiver_token_priority_and_kind_in_their_flags() {
    let cases: [(u8, Control<'static>, &[u8]); 6] = [
        (4, send(Target::Alias(alias())), REF),
        (1, Control::Send { from: Some(me()), to: Target::Pid(me()), token: None, priority: true, message: OK }, PID),
        (
            9,
            Control::Send { from: Some(me()), to: Target::Name(by_name()), token: None, priority: true, message: OK },
            NAME,
        ),
        (
            7,
            Control::Send {
                from: Some(me()),
                to: Target::Alias(alias()),
                token: Some(NAME),
                priority: true,
                message: OK,
            },
            REF,
        ),
        (17, Control::Exit2 { from: me(), to: Target::Pid(me()), token: None, priority: true, reason: OK }, PID),
        (20, Control::Exit2 { from: me(), to: Target::Alias(alias()), token: None, priority: false, reason: OK }, REF),
    ];
    for (flags, message, to) in cases {
        let flags = [97, flags];
        let mut fields = vec![&flags[..], PID, to];
        if flags[1] & 2 != 0 {
            fields.push(NAME);
        }
        let frame = frame(37, &fields, Some(OK));
        assert_eq!(encoded(&message, Flags::HIDDEN_ALTACT), frame);
        assert_eq!(control::decode(&frame), Ok((Op::AltactSigSend, message)));
    }
    // Without the capability priority is lost, nothing else.
    let urgent = Control::Send { from: Some(me()), to: Target::Pid(me()), token: None, priority: true, message: OK };
    assert_eq!(urgent.op_for(Flags::HIDDEN), Ok(Op::SendSender));
    for (flags, fields) in [
        (2, &[PID, PID][..]),
        (0, &[PID, PID, NAME]),
        (12, &[PID, PID]),
        (4, &[PID, PID]),
        (8, &[PID, REF]),
        (0, &[PID, NAME]),
    ] {
        let flags = [97, flags];
        let all: Vec<&[u8]> = [&[&flags[..]], fields].concat();
        assert!(control::decode(&frame(37, &all, Some(OK))).is_err(), "{flags:?}");
    }
}

#[test]
fn a_payload_can_be_encoded_in_place_and_a_frame_taken_back() {
    let mut out = Encoder::new();
    out.put_slice(b"before");
    let (open, payload) = send(Target::Pid(me())).open(Flags::HIDDEN, &mut out).unwrap();
    assert_eq!(payload, Some(OK));
    out.put_i64(7);
    open.finish(&mut out).unwrap();
    let expected = frame(22, &[PID, PID], Some(b"\x61\x07"));
    assert_eq!(out.to_vec()[6..], [&(expected.len() as u32).to_be_bytes()[..], &expected].concat());
    let before = out.to_vec();
    let (open, _) = send(Target::Pid(me())).open(Flags::HIDDEN, &mut out).unwrap();
    out.put_i64(7);
    open.undo(&mut out);
    assert_eq!(out.to_vec(), before);
    // Without EXIT_PAYLOAD the reason has its place inside, and the frame is complete.
    let exit = Control::Exit { from: me(), to: me(), token: None, reason: OK };
    let (open, payload) = exit.open(Flags::HIDDEN.without(Flags::EXIT_PAYLOAD), &mut out).unwrap();
    assert_eq!(payload, None);
    open.finish(&mut out).unwrap();
    assert!(out.to_vec().ends_with(&frame(3, &[PID, PID, OK], None)));
}

/// What a BEAM closes the connection for (measured for OTP 23 to 29), and what it says here.
#[test]
fn what_is_refused_and_whether_it_closes_the_connection() {
    let cases: Vec<(Vec<u8>, &str, bool)> = vec![
        (b"".to_vec(), "a frame starts with the bytes [], not with 112, 131", true),
        (b"p".to_vec(), "a frame starts with the bytes [112], not with 112, 131", true),
        (b"q\x83\x68\x01".to_vec(), "a frame starts with the bytes [113, 131, 104], not with 112, 131", true),
        // Which form a frame has it says itself.
        (b"\x83\x44\0".to_vec(), "a control message is not a tuple with a number in front", true),
        (
            b"\x83\x44\x02\0".to_vec(),
            "a distribution header refers to 2 atoms of a cache, which was not negotiated",
            true,
        ),
        (b"\x83\x45\0".to_vec(), "a frame is a fragment (tag 69), and no whole message", true),
        (b"\x83\x47".to_vec(), "a frame starts with the bytes [131, 71], not with a distribution header", true),
        (
            [b"\x83\x44\0\x68\x03\x61\x16", PID, PID, b"\x83", OK].concat(),
            "the payload of control message SEND_SENDER has a version byte behind a distribution header",
            true,
        ),
        (b"p\x83".to_vec(), "a control message is not a tuple with a number in front", true),
        (b"p\x83\x68\0".to_vec(), "a control message is not a tuple with a number in front", true),
        (b"p\x83\x77\x02ok".to_vec(), "a control message is not a tuple with a number in front", true),
        (b"p\x83\x68\x01\x77\x02ok".to_vec(), "a control message is not a tuple with a number in front", true),
        (b"p\x83\x68\x01\x62\0\0\x01\0".to_vec(), "a control message is not a tuple with a number in front", true),
        (frame(5, &[], None), "control message 5 with 1 elements is unknown", false),
        (frame(99, &[PID, PID], Some(OK)), "control message 99 with 3 elements is unknown", false),
        (frame(38, &[], None), "control message 38 with 1 elements is unknown", false),
        (frame(1, &[PID], None), "control message LINK has 2 elements, 3 are due", true),
        (frame(22, &[PID, PID, OK], Some(OK)), "control message SEND_SENDER has 4 elements, 3 are due", true),
        (frame(6, &[PID, UNUSED, PID], Some(OK)), "the receiver of control message REG_SEND is not an atom", true),
        (frame(2, &[UNUSED, REF], Some(OK)), "the receiver of control message SEND is not a pid", true),
        (frame(1, &[NAME, PID], None), "the sender of control message LINK is not a pid", true),
        (frame(19, &[PID, PID, PID], None), "the reference of control message MONITOR_P is not a reference", true),
        (
            frame(19, &[PID, REF, REF], None),
            "the monitored process of control message MONITOR_P is not a pid or an atom",
            true,
        ),
        (frame(33, &[PID, PID], Some(OK)), "the alias of control message ALIAS_SEND is not a reference", true),
        (
            frame(35, &[b"\x61\0", PID, PID], None),
            "the id of control message UNLINK_ID is not a number from 1 to 18446744073709551615",
            true,
        ),
        (
            frame(35, &[b"\x6e\x09\0\0\0\0\0\0\0\0\0\x01", PID, PID], None),
            "the id of control message UNLINK_ID is not a number from 1 to 18446744073709551615",
            true,
        ),
        (
            frame(36, &[OK, PID, PID], None),
            "the id of control message UNLINK_ID_ACK is not a number from 1 to 18446744073709551615",
            true,
        ),
        (frame(22, &[PID, PID], None), "control message SEND_SENDER comes without its payload", true),
        (frame(22, &[PID, PID], Some(b"")), "control message SEND_SENDER comes without its payload", true),
        (
            [frame(22, &[PID, PID], None), b"\x82\x6a".to_vec()].concat(),
            "control message SEND_SENDER comes without its payload",
            true,
        ),
        (
            frame(29, &[REF, PID, PID, OK, b"\x6a"], Some(b"\x6a")),
            "the function of control message SPAWN_REQUEST is not a tuple of module, function and arity",
            true,
        ),
        (
            frame(29, &[REF, PID, PID, b"\x68\x03\x77\x01m\x77\x01f\x62\0\0\x01\0", b"\x6a"], Some(b"\x6a")),
            "the arity of control message SPAWN_REQUEST is not at most 255",
            true,
        ),
        (
            frame(3, &[PID, PID, b"\x50\0\0\0\x01"], None),
            "the reason of control message EXIT cannot be read: compressed terms are not accepted (tag 80 at byte 0)",
            true,
        ),
        // A kind of term of a later release costs only its message.
        (
            frame(3, &[PID, PID, b"\xfa\0"], None),
            "the reason of control message EXIT cannot be read: unknown tag 250 at byte 0",
            false,
        ),
    ];
    for (frame, text, closes) in cases {
        let error = control::decode(&frame).unwrap_err();
        assert_eq!((Chain(&error).to_string().as_str(), error.closes_connection()), (text, closes));
    }
}

#[test]
fn longer_encodings_and_bytes_after_the_payload_are_taken() {
    // A large tuple with a four-byte number, as no BEAM writes it but every BEAM reads it.
    let long = [&b"p\x83\x69\0\0\0\x03\x62\0\0\0\x16"[..], PID, PID, b"\x83", OK, b"after"].concat();
    let (op, message) = control::decode(&long).unwrap();
    assert_eq!(op, Op::SendSender);
    let Control::Send { message, .. } = message else { panic!() };
    assert!(message.starts_with(OK));
    // No tuple has so many elements.
    assert_eq!(control::decode(b"p\x83\x69\xff\xff\xff\xff\x61\x16"), Err(ControlError::NoOperation));
    assert!(matches!(
        control::decode(b"p\x83\x69\x00\x00\xff\xff\x61\x16"),
        Err(ControlError::WrongArity { found: 0xFFFF, .. })
    ));
}
