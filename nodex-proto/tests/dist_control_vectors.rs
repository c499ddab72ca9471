//! Control messages as a real BEAM sends them: understood, and said again byte for byte.
//! Recorded by `scripts/vectors/control.py`.
#![allow(clippy::unwrap_used)]

use nodex_proto::etf::Encoder;
use nodex_proto::protocol::Flags;
use nodex_proto::protocol::control::{self, Control, Op, PidTerm, ProcTerm, RefTerm, Target, spawn_flags};

struct Vector {
    flags: Flags,
    what: &'static str,
    frame: Vec<u8>,
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..][..2], 16).unwrap()).collect()
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<Vector> = include_str!("dist_control_vectors.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let [flags, what, frame] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let flags = u64::from_str_radix(flags.strip_prefix("0x").unwrap(), 16).unwrap();
            Vector { flags: Flags::from_bits(flags), what, frame: unhex(frame) }
        })
        .collect();
    assert!(vectors.len() > 55);
    vectors
}

/// Pid and reference that the recording node gave to the BEAM.
fn ours(flags: Flags) -> (Vec<u8>, Vec<u8>) {
    let name = if flags.contains(Flags::EXIT_PAYLOAD) { "modern@127.0.0.1" } else { "old@127.0.0.1" };
    let atom = [&[119, name.len() as u8][..], name.as_bytes()].concat();
    let pid = [&[88][..], &atom, &[0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 7]].concat();
    let reference = [&[90, 0, 3][..], &atom, &[0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]].concat();
    (pid, reference)
}

#[test]
fn every_frame_is_understood_and_said_again_in_the_same_bytes() {
    for Vector { flags, what, frame } in vectors() {
        let (op, message) = control::decode(&frame).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(op.number(), frame[5], "{what}");
        assert_eq!(message.op_for(flags), Ok(op), "{what}");
        let mut out = Encoder::new();
        message.encode(flags, &mut out).unwrap();
        assert_eq!(out.to_vec(), [&(frame.len() as u32).to_be_bytes()[..], &frame].concat(), "{what}");
    }
}

#[test]
fn every_operation_that_a_beam_can_be_made_to_send_is_there() {
    let seen: Vec<u8> = vectors().iter().map(|vector| vector.frame[5]).collect();
    let unseen: Vec<Op> = Op::all().filter(|op| !seen.contains(&op.number())).collect();
    // `exit/2` carries no trace token, and op 37 came with OTP 28.
    assert_eq!(unseen, [Op::Exit2Tt, Op::PayloadExit2Tt, Op::AltactSigSend]);
}

#[test]
fn fields_are_the_ones_that_were_sent() {
    for Vector { flags, what, frame } in vectors() {
        let (pid, reference) = ours(flags);
        let (me, alias) = (PidTerm::new(&pid).unwrap(), RefTerm::new(&reference).unwrap());
        let modern = flags.contains(Flags::EXIT_PAYLOAD);
        let traced = what.ends_with("_traced");
        let beam = |pid: PidTerm<'_>| {
            assert_eq!(pid.node(), b"beam@127.0.0.1", "{what}");
            assert!(pid.to_pid().unwrap().creation > 3, "{what}");
        };
        let (_, message) = control::decode(&frame).unwrap();
        match (what.trim_end_matches("_traced"), message) {
            ("send", Control::Send { from, to, token, priority: false, message }) => {
                assert_eq!(from.is_some(), modern);
                from.into_iter().for_each(beam);
                assert_eq!((to, token.is_some()), (Target::Pid(me), traced));
                assert_eq!(
                    message,
                    b"\x68\x04\x77\x05hello\x6d\0\0\0\x03bin\x6b\0\x03\x01\x02\x03\x46\x3f\xf8\0\0\0\0\0\0"
                );
            }
            ("reg_send", Control::Send { from: Some(from), to: Target::Name(name), token, message, .. }) => {
                beam(from);
                assert_eq!((name.name().unwrap().as_ref(), token.is_some()), ("somebody", traced));
                assert!(message.starts_with(b"\x68\x02\x77\x05hello\x58") && message.ends_with(&from.as_bytes()[1..]));
            }
            ("alias_send", Control::Send { from: Some(from), to, token, message, .. }) => {
                beam(from);
                assert_eq!((to, token.is_some()), (Target::Alias(alias), traced));
                assert_eq!(message, b"\x68\x02\x77\x05hello\x77\x05alias");
            }
            ("exit2", Control::Exit2 { from, to, token: None, priority: false, reason }) => {
                beam(from);
                assert_eq!((to, reason), (Target::Pid(me), &b"\x68\x02\x77\x03why\x6b\0\x03not"[..]));
            }
            ("linked_child_dies" | "link", Control::Link { from, to }) => {
                beam(from);
                assert_eq!(to, me);
            }
            ("linked_child_dies", Control::Exit { from, to, token, reason }) => {
                beam(from);
                assert_eq!((to, token.is_some()), (me, traced));
                assert_eq!(reason, b"\x68\x02\x77\x06broken\x61\x11");
            }
            ("link_noproc", Control::Exit { from, to, token: None, reason }) => {
                beam(from);
                assert_eq!((to, reason), (me, &b"\x77\x06noproc"[..]));
            }
            (
                "spawn_request",
                Control::SpawnRequest { from, group_leader, module, function, arity, options, token, arguments, id },
            ) => {
                beam(from);
                beam(group_leader);
                assert_eq!(&*id.to_reference().unwrap().node, "beam@127.0.0.1");
                assert_eq!(module.name().unwrap(), "some_module");
                assert_eq!(function.name().unwrap(), "some_function");
                assert_eq!((arity, token.is_some()), (2, traced));
                assert_eq!(options, b"\x6c\0\0\0\x01\x77\x07monitor\x6a");
                assert_eq!(arguments, b"\x6c\0\0\0\x02\x77\x03one\x68\x01\x77\x03two\x6a");
            }
            ("spawn_request_small", Control::SpawnRequest { arity: 2, options, arguments, .. }) => {
                assert_eq!(options, b"\x6c\0\0\0\x01\x77\x04link\x6a");
                assert_eq!(arguments, b"\x6b\0\x02\x01\x02", "small integers come as a string");
            }
            ("spawn_reply", Control::SpawnReply { id, to, flags, result: ProcTerm::Pid(child), token }) => {
                beam(child);
                assert_eq!((to, flags, token.is_some()), (me, spawn_flags::MONITOR, traced));
                assert_eq!(id.to_reference().unwrap().words(), [9, 8 + u32::from(traced), 7]);
            }
            ("spawn_reply_badopt", Control::SpawnReply { flags: 0, result: ProcTerm::Name(error), .. }) => {
                assert_eq!(error.name().unwrap(), "badopt");
            }
            ("unlink", Control::Unlink { id, from, to }) => {
                beam(from);
                assert_eq!((id, to), (modern.then_some(4), me));
            }
            ("unlink_ack", Control::UnlinkAck { id: 77, from, to }) => {
                beam(from);
                assert_eq!(to, me);
            }
            ("unlink_ack_big", Control::UnlinkAck { id: u64::MAX, .. }) => {}
            ("group_leader", Control::GroupLeader { from, to }) => {
                beam(from);
                assert_eq!(to, me);
            }
            ("monitor", Control::Monitor { from, to, .. }) | ("demonitor", Control::Demonitor { from, to, .. })
                if to == ProcTerm::Pid(me) =>
            {
                beam(from);
            }
            ("monitor_name", Control::Monitor { from, to: ProcTerm::Name(name), .. })
            | ("demonitor", Control::Demonitor { from, to: ProcTerm::Name(name), .. }) => {
                beam(from);
                assert_eq!(name.name().unwrap(), "somebody");
            }
            ("monitor_exit", Control::MonitorExit { from: ProcTerm::Pid(from), to, reference, reason }) => {
                beam(from);
                assert_eq!((to, reference.to_reference().unwrap().words()), (me, &[4, 5, 6][..]));
                assert_eq!(reason, b"\x68\x03\x77\x06killed\x77\x02by\x77\x06driver");
            }
            ("monitor_exit_name", Control::MonitorExit { from: ProcTerm::Name(name), reference, .. }) => {
                assert_eq!(name.name_bytes(), b"child");
                assert_eq!(reference.to_reference().unwrap().words(), [4, 5, 7]);
            }
            ("monitor_exit_noproc", Control::MonitorExit { from: ProcTerm::Name(name), reason, .. }) => {
                assert_eq!((name.name_bytes(), reason), (&b"no_such_name"[..], &b"\x77\x06noproc"[..]));
            }
            (what, message) => panic!("{what}: {message:?}"),
        }
    }
}

#[test]
fn damaged_frames_are_errors_and_never_a_panic() {
    for Vector { flags, what, frame } in vectors() {
        let (op, _) = control::decode(&frame).unwrap();
        for cut in 0..frame.len() {
            // Only a cut inside the payload can go unnoticed here.
            if let Ok((_, message)) = control::decode(&frame[..cut]) {
                assert!(op.has_payload(), "{what} cut at {cut}: {message:?}");
            }
        }
        for at in 0..frame.len() {
            for byte in [0, 1, 97, 98, 104, 106, 110, 119, 131, 255, frame[at] ^ 1, frame[at] ^ 0x80] {
                let mut damaged = frame.clone();
                damaged[at] = byte;
                if let Ok((_, message)) = control::decode(&damaged) {
                    let mut out = Encoder::new();
                    // Whatever was understood can be said again, and is understood again.
                    if message.encode(flags, &mut out).is_ok() {
                        let again = out.to_vec();
                        control::decode(&again[4..]).unwrap_or_else(|error| panic!("{what}: {error}"));
                    }
                }
            }
        }
    }
}
