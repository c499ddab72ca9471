//! Connections of which the other end is bytes, or another connection of this kind.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
};

use tokio::net::TcpListener;

use super::*;
use crate::{
    atom,
    convert::term_to_binary,
    net::setup::in_memory,
    protocol::{
        Cookie, Flags,
        channel::LinkEnd,
        control::{self, Control},
        handshake::{Answer, Established, HandshakeError, PeerIdentity},
    },
    term::Pid,
};

/// A connection with these limits, and the bytes at its other end.
fn with_bytes(limits: LinkLimits) -> (Connection, UnixStream) {
    let flags = Flags::HIDDEN;
    let peer = PeerIdentity { name: "peer@host".into(), flags, negotiated: flags, creation: 3 };
    let (connected, far) = in_memory(Established { peer, given: None, rest: Vec::new() }).unwrap();
    (Connection::new(connected.socket, connected.established, limits), far)
}

/// A message to the name `calc`.
fn message(payload: &[u8]) -> Vec<u8> {
    let from = Pid { node: atom!("here@127.0.0.1"), id: 1, serial: 0, creation: 7 };
    control::frame(&(6_u8, &from, atom!(""), atom!("calc")), Some(payload)).unwrap()
}

fn local(name: &str, cookie: &str) -> Local {
    Local {
        name: name.into(),
        flags: Flags::HIDDEN,
        required: Flags::EMPTY,
        creation: 7,
        cookie: Cookie::new(cookie).unwrap(),
    }
}

/// Somebody who lets the next one in that comes, if the answer is so; and where.
async fn door(answer: Answer) -> (SocketAddr, tokio::task::JoinHandle<Result<Connection, AcceptError>>) {
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let there = async move {
        let (socket, _) = listener.accept().await.unwrap();
        accept(socket, local("there@127.0.0.1", "secret"), &mut |_: &_| answer.clone()).await
    };
    (address, tokio::spawn(there))
}

fn payload(incoming: Incoming) -> Vec<u8> {
    let Incoming::Frame(frame) = incoming else { panic!("{incoming:?}") };
    match frame.control().unwrap() {
        (control::Op::RegSend, Control::Send { message, .. }) => frame.share(message).to_vec(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_comes_before_a_breach_is_there_first() {
    let (mut near, mut far) = with_bytes(LinkLimits::default());
    near.set_ticks(false);
    let (one, two) = (message(b"\x83a\x01"), message(b"\x83a\x02"));
    far.write_all(&[&one[..], &[0; 4], &two, b"GET / HTTP/1.1\r\n"].concat()).unwrap();
    assert_eq!(payload(near.next().await.unwrap()), b"a\x01");
    assert_eq!(near.next().await.unwrap(), Incoming::Tick);
    assert_eq!(payload(near.next().await.unwrap()), b"a\x02");
    let end = near.next().await.unwrap_err();
    assert!(matches!(end, LinkEnd::FrameTooLong { .. }), "{end}");
    assert_eq!(near.next().await.unwrap_err(), end, "and so it stays");
}

#[tokio::test]
async fn of_a_frame_over_the_limit_there_is_the_head_and_what_follows_it() {
    let (mut near, mut far) = with_bytes(LinkLimits::default().max_frame(1000));
    let long = message(&[&b"\x83m\0\0\x4e\x20"[..], &[7; 20_000]].concat());
    far.write_all(&[long.clone(), message(b"\x83a\x02")].concat()).unwrap();
    match near.next().await.unwrap() {
        Incoming::TooLong { head, length } => {
            assert_eq!(length as usize, long.len() - 4);
            assert!(head.len() >= 1000 && long[4..].starts_with(&head));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(payload(near.next().await.unwrap()), b"a\x02");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_ticked_and_given_up() {
    let (mut near, mut far) = with_bytes(LinkLimits::default());
    assert_eq!(near.next().await.unwrap_err(), LinkEnd::TickTimeout(std::time::Duration::from_secs(60)));
    let mut ticks = Vec::new();
    far.read_to_end(&mut ticks).unwrap();
    assert!(ticks.iter().all(|&byte| byte == 0));
    assert!((3..=5).contains(&(ticks.len() / 4)), "{} bytes in four quarters of the tick time, or five", ticks.len());
}

#[tokio::test]
async fn ticks_are_answered_unless_that_is_switched_off() {
    let (mut near, mut far) = with_bytes(LinkLimits::default());
    for (on, answers) in [(false, &b""[..]), (true, &[0; 4])] {
        near.set_ticks(on);
        far.write_all(&[0; 4]).unwrap();
        assert_eq!(near.next().await.unwrap(), Incoming::Tick);
        let mut answer = vec![0; answers.len()];
        far.read_exact(&mut answer).unwrap();
        assert_eq!(answer, answers);
    }
    far.set_nonblocking(true).unwrap();
    assert!(far.read(&mut [0]).is_err(), "no more than that");
}

#[tokio::test]
async fn more_than_sockets_hold_goes_both_ways_at_once() {
    const COUNT: u32 = 200;
    let (address, there) = door(Answer::Ok).await;
    let mut here = connect(address, local("here@127.0.0.1", "secret"), "there@127.0.0.1", false).await.unwrap();
    let mut there = there.await.unwrap().unwrap();
    assert_eq!((here.peer().name.as_str(), there.peer().name.as_str()), ("there@127.0.0.1", "here@127.0.0.1"));
    async fn all(connection: &mut Connection) {
        let writer = connection.writer().clone();
        let send = async {
            for number in 0..COUNT {
                let value = (number, bytes::Bytes::from(vec![7; 100_000]));
                writer.send(&message(&term_to_binary(&value).unwrap())).await.unwrap();
            }
        };
        let receive = async {
            for number in 0..COUNT {
                let got = payload(connection.next().await.unwrap());
                let expected = term_to_binary(&number).unwrap();
                assert_eq!(got[2..2 + expected.len() - 1], expected[1..], "in order");
                assert!(got.len() > 100_000 && got.ends_with(&[7; 100_000]));
            }
        };
        tokio::join!(send, receive);
    }
    tokio::join!(all(&mut here), all(&mut there));
    // What is closed has been written.
    here.writer().tick().await.unwrap();
    let writer = here.writer().clone();
    tokio::join!(here.close(), async {
        assert_eq!(there.next().await.unwrap(), Incoming::Tick);
        assert_eq!(there.next().await.unwrap_err(), LinkEnd::Closed);
        drop(there);
    });
    assert!(writer.tick().await.is_err(), "the connection is gone");
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let (address, there) = door(Answer::NotAllowed).await;
    let error = connect(address, local("here@127.0.0.1", "secret"), "there@127.0.0.1", false).await.unwrap_err();
    assert!(matches!(error, ConnectError::Handshake { error: HandshakeError::NotAllowed { .. }, .. }), "{error}");
    assert!(matches!(there.await.unwrap(), Err(AcceptError::Handshake(HandshakeError::NotAllowed { .. }))));
    let (address, there) = door(Answer::Ok).await;
    let error = connect(address, local("here@127.0.0.1", "other"), "there@127.0.0.1", false).await.unwrap_err();
    assert!(matches!(error, ConnectError::Handshake { error: HandshakeError::CookieRefused { .. }, .. }), "{error}");
    assert!(there.await.unwrap().is_err());
}
