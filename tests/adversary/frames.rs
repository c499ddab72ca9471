//! Frames and control messages that are wrong in every way that could be thought of.

use std::{thread, time::Duration};

use super::{
    handshake::CREATION,
    link::Link,
    stage::{Attack, HOST, Must},
    victim::Victim,
    wire::{atom, control, frame, int, list, message, pid, ping, reference, reg_send, signal, tuple},
};

use Must::{Close, Drop, Stay};

/// The longest frame that a node takes unless told otherwise.
const LIMIT: u32 = 128 << 20;

/// What comes before any frame is whole: lengths, pieces, ends.
pub(crate) fn lengths() -> Vec<Attack> {
    let whole = |link: &Link| reg_send(&link.me, "any", &ping(&atom("x")));
    let cut = |name: &str, bytes: usize| {
        Attack::act(name, Close("the peer closed the connection"), move |link: &mut Link, _: &Victim| {
            let frame = whole(link);
            link.send(&frame[..bytes]);
            link.close();
            Ok(())
        })
    };
    vec![
        Attack::bytes("length 2^32-1", vec![255; 5], Close("over the limit")),
        Attack::bytes("length 2^31 and a wrong version", vec![128, 0, 0, 0, 112, 130], Close("over the limit")),
        announced("length 2^32-1, nothing sent", u32::MAX, 0),
        announced("length one over the limit, nothing sent", LIMIT + 1, 0),
        announced("length one over the limit, two bytes sent", LIMIT + 1, 2),
        Attack::act("a frame over the limit that is all zeros after its start", Close("over the limit"), |link, _| {
            link.send(&(LIMIT + 1).to_be_bytes());
            link.send(&[&[112, 131][..], &[0; 9000]].concat());
            Ok(())
        }),
        Attack::act("a control message over the limit", Close("over the limit"), |link, _| {
            link.send(&(LIMIT + 1).to_be_bytes());
            link.send(&[&[112, 131][..], &control(3, &[&me(), &me(), &[109, 7, 255, 255, 0]]), &[0; 9000]].concat());
            Ok(())
        }),
        Attack::act("a message over the limit", Drop("over the limit"), |link, _| {
            let message = reg_send(&link.me, "any", &ping(&[109, 8, 0, 0, 0]));
            link.send(&(LIMIT + 1).to_be_bytes());
            link.send(&message[4..]);
            let mut left = LIMIT as usize + 1 - (message.len() - 4);
            while left > 0 {
                let piece = vec![7; left.min(1 << 20)];
                link.send(&piece);
                left -= piece.len();
            }
            Ok(())
        }),
        Attack::bytes("an HTTP request", b"GET / HTTP/1.1\r\n\r\n".to_vec(), Close("over the limit")),
        Attack::bytes(
            "a TLS greeting",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            Close("over the limit"),
        ),
        announced("length of the limit, nothing sent", LIMIT, 0),
        announced("length of 64 MiB, one byte sent", 64 << 20, 1),
        announced("length of the limit, 1 MiB sent", LIMIT, 1 << 20),
        announced("length of the limit, 8 MiB sent", LIMIT, 8 << 20),
        cut("end after half a length", 2),
        cut("end after a length", 4),
        cut("end in a control message", 20),
        cut("end in a payload", 52),
        Attack::act("end at once", Close("the peer closed the connection"), |link, _| {
            link.close();
            Ok(())
        }),
        Attack::act(
            "the writing half closed, a ping before",
            Close("the peer closed the connection"),
            move |link, _| {
                let frame = whole(link);
                link.send(&frame);
                link.socket.shutdown(std::net::Shutdown::Write).map_err(|error| error.to_string())
            },
        ),
        Attack::act("reset in a frame", Close("the connection failed"), move |link, _| {
            let frame = whole(link);
            link.send(&frame[..20]);
            link.reset();
            Ok(())
        }),
        Attack::bytes("100,000 ticks in one go", vec![0; 400_000], Stay),
        Attack::act("a tick every 10 ms and nothing else", Stay, |link, _| {
            for _ in 0..50 {
                link.send(&[0; 4]);
                thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        }),
        Attack::act("one byte every 100 ms", Stay, move |link, _| {
            for byte in whole(link) {
                link.send(&[byte]);
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        }),
        Attack::act("a ping in two pieces, cut at every byte", Stay, move |link, _| {
            let frame = whole(link);
            for cut in 1..frame.len() {
                link.send(&frame[..cut]);
                thread::sleep(Duration::from_millis(1));
                link.send(&frame[cut..]);
                link.reply(std::time::Instant::now() + super::link::PATIENCE)
                    .map_err(|error| format!("cut at {cut}: {error}"))?;
            }
            Ok(())
        }),
        Attack::act("ticks between the bytes of frames", Close("over the limit"), move |link, _| {
            let frame = whole(link);
            link.send(&frame[..20]);
            link.send(&[0; 4]);
            link.send(&frame[20..]);
            link.send(&[0; 64]);
            Ok(())
        }),
    ]
}

/// Announces a frame, sends a part of it, measures the node's memory and disconnects.
fn announced(name: &str, length: u32, sent: usize) -> Attack {
    Attack::act(name, Close("the peer closed the connection"), move |link, victim| {
        let before = victim.memory_kib().ok_or("the node is gone")?;
        link.send(&length.to_be_bytes());
        link.send(&[&[112, 131][..], &vec![112; sent]].concat()[..sent]);
        thread::sleep(Duration::from_millis(100));
        let after = victim.memory_kib().ok_or("the node is gone")?;
        let allowed = before + 4096 + 3 * sent as u64 / 1024;
        link.close();
        match after <= allowed {
            true => Ok(()),
            false => Err(format!("memory went from {before} to {after} KiB")),
        }
    })
}

/// Frames that are no control messages.
pub(crate) fn shapes() -> Vec<Attack> {
    let me = me();
    let body = |name: &str, body: &[u8], must| Attack::bytes(name, frame(body), must);
    let only = |name: &str, term: &[u8], must| Attack::bytes(name, signal(term), must);
    let nested = |levels: usize| [[108, 0, 0, 0, 1].repeat(levels), vec![106; levels + 1]].concat();
    let with_slot = |name: &str, slot: &[u8], must| {
        Attack::bytes(name, message(&control(6, &[&me, slot, &atom("any")]), &ping(&atom("x"))), must)
    };
    vec![
        body("one byte", &[112], Close("112, 131")),
        body("112, 131 and no more", &[112, 131], Close("not a tuple")),
        body("no version byte", &[&[112][..], &control(6, &[])].concat(), Close("112, 131")),
        body("another first byte", &[&[0, 131][..], &control(6, &[])].concat(), Close("112, 131")),
        body("version 130", &[&[112, 130][..], &control(6, &[])].concat(), Close("112, 131")),
        body("distribution header", &[131, 68, 0, 104, 1, 97, 1], Close("distribution header")),
        body("first fragment", &[&[131, 69][..], &[0; 17]].concat(), Close("distribution header")),
        body("next fragment", &[&[131, 70][..], &[0; 17]].concat(), Close("distribution header")),
        body("compressed control message", &[112, 131, 80, 0, 0, 0, 9, 1, 2, 3], Close("not a tuple")),
        body("random bytes", b"\x9e\x37\x79\xb9\x7f\x4a\x7c\x15\xf3\x9c\xc0\x60\x5c\xed\xc8\x35", Close("112, 131")),
        only("an atom", &atom("send"), Close("not a tuple")),
        only("a list", &list(&[&int(6), &me]), Close("not a tuple")),
        only("a number", &int(6), Close("not a tuple")),
        only("the empty tuple", &[104, 0], Close("not a tuple")),
        only("a tuple of 2^32-1", &[105, 255, 255, 255, 255, 97, 6], Close("not a tuple")),
        only("a tuple of 255 with no elements", &[104, 255], Close("not a tuple")),
        only("an operation that is an atom", &tuple(&[&atom("send"), &me]), Close("not a tuple")),
        only("an operation that is a float", &tuple(&[&[70, 64, 24, 0, 0, 0, 0, 0, 0], &me]), Close("not a tuple")),
        only("an operation that is negative", &tuple(&[&int(-6), &me]), Close("not a tuple")),
        only(
            "an operation that is huge",
            &tuple(&[&[110, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1], &me]),
            Close("not a tuple"),
        ),
        only("operation 0", &control(0, &[&me]), Drop("is unknown")),
        only("operation 5, which was NODE_LINK", &control(5, &[]), Drop("is unknown")),
        only("operation 99", &control(99, &[&me, &me]), Drop("is unknown")),
        only("operation 255 with a garbage field", &[104, 2, 97, 255, 1, 2, 3], Drop("is unknown")),
        only("1,000,000 nested lists in place of a tuple", &nested(1_000_000), Close("not a tuple")),
        with_slot("1,000,000 nested lists in the unused slot", &nested(1_000_000), Stay),
        with_slot("a cookie in the unused slot", &atom("monster"), Stay),
        with_slot("compressed data in the unused slot", &[80, 0, 0, 0, 9, 1], Close("unused slot")),
        with_slot("a local term in the unused slot", &[121, 1, 2, 3], Close("receiver")),
        with_slot("an unknown tag in the unused slot", &[0, 0, 0, 0], Drop("unknown tag")),
        with_slot("a list of 2^32-1 in the unused slot", &[108, 255, 255, 255, 255], Close("unused slot")),
        Attack::bytes(
            "operation in a longer form than needed",
            message(&[&[105, 0, 0, 0, 4, 98, 0, 0, 0, 6][..], &me, &atom(""), &atom("any")].concat(), &ping(&[106])),
            Stay,
        ),
        Attack::bytes(
            "bytes behind the payload",
            frame(&[&reg_send(&me, "any", &ping(&[106]))[4..], &[1, 2, 3]].concat()),
            Stay,
        ),
    ]
}

/// Name, number, fields of the control message as they should be, and whether a payload follows.
fn operations() -> Vec<(&'static str, u8, Vec<Vec<u8>>, bool)> {
    let (me, you) = (me(), pid("me@127.0.0.1", 1, 0, 1));
    let (name, none, token) = (atom("any"), atom(""), int(1));
    let (reference, reason, id) = (reference(HOST, CREATION), atom("normal"), int(1));
    let function = tuple(&[&atom("m"), &atom("f"), &int(0)]);
    let rows: Vec<(&str, u8, Vec<&Vec<u8>>, bool)> = vec![
        ("LINK", 1, vec![&me, &you], false),
        ("SEND", 2, vec![&none, &you], true),
        ("EXIT", 3, vec![&me, &you, &reason], false),
        ("UNLINK", 4, vec![&me, &you], false),
        ("REG_SEND", 6, vec![&me, &none, &name], true),
        ("GROUP_LEADER", 7, vec![&me, &you], false),
        ("EXIT2", 8, vec![&me, &you, &reason], false),
        ("SEND_TT", 12, vec![&none, &you, &token], true),
        ("EXIT_TT", 13, vec![&me, &you, &token, &reason], false),
        ("REG_SEND_TT", 16, vec![&me, &none, &name, &token], true),
        ("EXIT2_TT", 18, vec![&me, &you, &token, &reason], false),
        ("MONITOR_P", 19, vec![&me, &name, &reference], false),
        ("DEMONITOR_P", 20, vec![&me, &name, &reference], false),
        ("MONITOR_P_EXIT", 21, vec![&me, &you, &reference, &reason], false),
        ("SEND_SENDER", 22, vec![&me, &you], true),
        ("SEND_SENDER_TT", 23, vec![&me, &you, &token], true),
        ("PAYLOAD_EXIT", 24, vec![&me, &you], true),
        ("PAYLOAD_EXIT_TT", 25, vec![&me, &you, &token], true),
        ("PAYLOAD_EXIT2", 26, vec![&me, &you], true),
        ("PAYLOAD_EXIT2_TT", 27, vec![&me, &you, &token], true),
        ("PAYLOAD_MONITOR_P_EXIT", 28, vec![&me, &you, &reference], true),
        ("SPAWN_REQUEST", 29, vec![&reference, &me, &me, &function, &none], true),
        ("SPAWN_REQUEST_TT", 30, vec![&reference, &me, &me, &function, &none, &token], true),
        ("SPAWN_REPLY", 31, vec![&reference, &you, &id, &reason], false),
        ("SPAWN_REPLY_TT", 32, vec![&reference, &you, &id, &reason, &token], false),
        ("ALIAS_SEND", 33, vec![&me, &reference], true),
        ("ALIAS_SEND_TT", 34, vec![&me, &reference, &token], true),
        ("UNLINK_ID", 35, vec![&id, &me, &you], false),
        ("UNLINK_ID_ACK", 36, vec![&id, &me, &you], false),
        ("ALTACT_SIG_SEND", 37, vec![&id, &me, &you], true),
    ];
    let owned = |fields: Vec<&Vec<u8>>| fields.into_iter().cloned().collect();
    rows.into_iter().map(|(name, op, fields, payload)| (name, op, owned(fields), payload)).collect()
}

/// Every operation as it should be, and in some ways that it should not.
pub(crate) fn operations_gone_wrong() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (name, op, fields, payload) in operations() {
        let slices: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        let send = |fields: &[&[u8]]| {
            let control = control(op, fields);
            if payload { message(&control, &atom("payload")) } else { signal(&control) }
        };
        let mut row = |how: &str, bytes, must| attacks.push(Attack::bytes(format!("{name} {how}"), bytes, must));
        row("to nobody", send(&slices), Stay);
        row("without its last field", send(&slices[..slices.len() - 1]), Close("elements"));
        let longer = [&slices[..], &[&[106], &[106]]].concat();
        row("with two fields more", send(&longer), Close("elements"));
        let all_nil = vec![&[106][..]; slices.len()];
        row("with empty lists for fields", send(&all_nil), Close(name));
        let whole = signal(&control(op, &slices));
        let half = &whole[4..whole.len() - slices[slices.len() - 1].len() / 2];
        row("cut off in its last field", frame(half), Close(name));
        if payload {
            row("without its payload", whole, Close("without its payload"));
            row(
                "with a payload of version 130",
                frame(&[&signal(&control(op, &slices))[4..], &[130, 106]].concat()),
                Close("without its payload"),
            );
            // Messages are read by whoever gets them, the others at once.
            let cause = match op {
                24..=28 => Close("an exit reason cannot be read"),
                29..=30 => Close("the arguments of a spawn request cannot be read"),
                _ => Stay,
            };
            let endless = [109, 255, 255, 255, 255];
            row("with a payload that is no term", message(&control(op, &slices), &endless), cause);
            // A later release may have it.
            row("with a payload of a tag that is unknown", message(&control(op, &slices), &[255; 40]), Stay);
        }
    }
    attacks
}

/// Monitors of one name, each with a reference of its own; `undone` takes each away at once.
fn monitors(count: u32, undone: bool) -> Vec<u8> {
    let (me, name) = (me(), atom("any"));
    let both = |number: u32| {
        let mut reference = reference(HOST, CREATION);
        let end = reference.len();
        reference[end - 4..].copy_from_slice(&number.to_be_bytes());
        let fields: [&[u8]; 3] = [&me, &name, &reference];
        let undo = if undone { signal(&control(20, &fields)) } else { Vec::new() };
        [signal(&control(19, &fields)), undo].concat()
    };
    (0..count).flat_map(both).collect()
}

/// The frames that a BEAM closes the connection for, or does not, where it takes a look at the receivers and senders.
pub(crate) fn senders_and_receivers() -> Vec<Attack> {
    let (me, you, elsewhere) = (me(), pid("me@127.0.0.1", 1, 0, 1), pid("third@127.0.0.1", 1, 0, 1));
    let (name, none, reference) = (atom("any"), atom(""), reference(HOST, CREATION));
    let row = |name: &str, op, fields: &[&[u8]], must| Attack::bytes(name, signal(&control(op, fields)), must);
    let sent = |name: &str, op, fields: &[&[u8]], must| {
        Attack::bytes(name, message(&control(op, fields), &ping(&atom("x"))), must)
    };
    let long_node = [&[88, 118, 255, 255][..], &vec![b'a'; 65535], &[0; 12]].concat();
    vec![
        sent("REG_SEND to a pid", 6, &[&me, &none, &you], Close("receiver")),
        sent("REG_SEND from an atom", 6, &[&name, &none, &name], Close("sender")),
        sent("REG_SEND from a process of a third node", 6, &[&elsewhere, &none, &name], Stay),
        sent("REG_SEND from a node of 65535 letters", 6, &[&long_node, &none, &name], Stay),
        sent("REG_SEND to a name that is no UTF-8", 6, &[&me, &none, &[119, 2, 0xC3, 0x28]], Stay),
        sent(
            "REG_SEND to a name of 65535 letters",
            6,
            &[&me, &none, &[&[118, 255, 255][..], &vec![b'a'; 65535]].concat()],
            Stay,
        ),
        sent("REG_SEND to the empty name", 6, &[&me, &none, &none], Stay),
        sent("SEND to a name", 2, &[&none, &name], Close("receiver")),
        sent("SEND to a reference", 2, &[&none, &reference], Close("receiver")),
        sent("SEND to a process of a third node", 2, &[&none, &elsewhere], Stay),
        sent("SEND to pid 2^32-1", 2, &[&none, &pid("me@127.0.0.1", u32::MAX, u32::MAX, u32::MAX)], Stay),
        sent("SEND to pid 0", 2, &[&none, &pid("me@127.0.0.1", 0, 0, 0)], Stay),
        sent("ALIAS_SEND to a pid", 33, &[&me, &you], Close("alias")),
        sent("ALTACT_SIG_SEND with both kinds of receiver", 37, &[&int(12), &me, &you], Close("flags")),
        sent("ALTACT_SIG_SEND with a token that is not there", 37, &[&int(2), &me, &you], Close("elements")),
        sent("ALTACT_SIG_SEND with negative flags", 37, &[&int(-1), &me, &you], Close("flags")),
        sent("ALTACT_SIG_SEND with all unknown flags", 37, &[&int(0x7FFF_FFE0), &me, &you], Stay),
        row(
            "LINK from a process of a third node",
            1,
            &[&elsewhere, &you],
            Close("a signal from a process of another node"),
        ),
        row("LINK to an old incarnation", 1, &[&me, &you], Stay),
        row("EXIT from a process of a third node", 3, &[&elsewhere, &you, &name], Close("of another node")),
        row("MONITOR_P from a process of a third node", 19, &[&elsewhere, &name, &reference], Close("of another node")),
        row("LINK to a process of a third node", 1, &[&me, &elsewhere], Close("of another node")),
        row("EXIT to a process of a third node", 3, &[&me, &elsewhere, &name], Close("of another node")),
        row("EXIT2 from a process of a third node", 8, &[&elsewhere, &you, &name], Close("of another node")),
        row("EXIT2 to a process of a third node", 8, &[&me, &elsewhere, &name], Close("of another node")),
        row("EXIT2 to an old incarnation", 8, &[&me, &you, &atom("kill")], Stay),
        row("MONITOR_P of a process of a third node", 19, &[&me, &elsewhere, &reference], Close("of another node")),
        row("DEMONITOR_P of a process of a third node", 20, &[&me, &elsewhere, &reference], Close("of another node")),
        row(
            "DEMONITOR_P from a process of a third node",
            20,
            &[&elsewhere, &name, &reference],
            Close("of another node"),
        ),
        row("DEMONITOR_P with a reference that never was", 20, &[&me, &name, &reference], Stay),
        row("MONITOR_P_EXIT with a reference that never was", 21, &[&me, &you, &reference, &name], Stay),
        row("UNLINK_ID from a process of a third node", 35, &[&int(1), &elsewhere, &you], Close("of another node")),
        row("UNLINK_ID to a process of a third node", 35, &[&int(1), &me, &elsewhere], Close("of another node")),
        row("UNLINK_ID of what was never linked", 35, &[&int(1), &me, &you], Stay),
        row("UNLINK_ID_ACK that nobody waits for", 36, &[&int(1), &me, &you], Stay),
        row("SPAWN_REPLY that nobody waits for", 31, &[&reference, &me, &int(0), &atom("notsup")], Stay),
        Attack::bytes("200,000 monitors", monitors(200_000, false), Close("more than 131072 monitors and links")),
        Attack::bytes("a million monitors, each taken away again", monitors(1_000_000, true), Stay),
        row("MONITOR_P with an atom for a reference", 19, &[&me, &name, &name], Close("reference")),
        row("MONITOR_P of a reference", 19, &[&me, &reference, &reference], Close("monitored process")),
        row("UNLINK_ID with the id 0", 35, &[&int(0), &me, &you], Close("id")),
        row("UNLINK_ID with the id -1", 35, &[&int(-1), &me, &you], Close("id")),
        row(
            "UNLINK_ID with an id over 64 bits",
            35,
            &[&[110, 9, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], &me, &you],
            Close("id"),
        ),
        row("EXIT2 with the reason kill", 8, &[&me, &you, &atom("kill")], Stay),
        sent(
            "SPAWN_REQUEST with options that are no list",
            29,
            &[&reference, &me, &me, &tuple(&[&name, &name, &int(0)]), &int(1)],
            Stay,
        ),
        sent(
            "SPAWN_REQUEST of arity 256",
            29,
            &[&reference, &me, &me, &tuple(&[&name, &name, &int(256)]), &[106]],
            Close("arity"),
        ),
        sent(
            "SPAWN_REQUEST of a function that is an atom",
            29,
            &[&reference, &me, &me, &name, &[106]],
            Close("function"),
        ),
    ]
}

fn me() -> Vec<u8> {
    pid(HOST, 42, 0, CREATION)
}
