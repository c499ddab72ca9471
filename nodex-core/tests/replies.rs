//! Who may answer a call: two peers of one node, of which the wrong one speaks first. Every frame is written by hand.
#![allow(clippy::unwrap_used)]

use std::{
    io::{ErrorKind, Read, Write},
    time::Duration,
};

use nodex_core::{
    atom,
    etf::Encoder,
    net::LinkLimits,
    node::{CallError, Node, NodeBuilder, RpcError, testing::RawPeer},
    protocol::{
        Cookie, Flags,
        control::{self, AtomTerm, Control, PidTerm, ProcTerm, RefTerm, Target},
    },
    term::{Atom, Pid, RawTerm, Reference},
};

const LIMIT: Duration = Duration::from_secs(60);
const ASKED: &str = "asked@127.0.0.1";
const OTHER: &str = "other@127.0.0.1";

async fn node() -> (Node, Peer, Peer) {
    let cookie = Cookie::new("secret").unwrap();
    let node = NodeBuilder::new().epmd_port(1).start("ours@127.0.0.1", cookie).await.unwrap();
    let [asked, other] = [ASKED, OTHER].map(|name| Peer::connect(&node, name));
    (node, asked, other)
}

struct Peer {
    raw: RawPeer,
    me: Vec<u8>,
    input: Vec<u8>,
}

impl Peer {
    fn connect(node: &Node, name: &'static str) -> Self {
        let mut me = Encoder::new();
        me.put_pid(&Pid { node: Atom::from_static(name), id: 42, serial: 0, creation: 9 });
        Peer { raw: RawPeer::connect(node, name, 9, Flags::HIDDEN).unwrap(), me: me.to_vec(), input: Vec::new() }
    }

    fn say(&mut self, control: &Control<'_>) {
        let mut out = Encoder::new();
        control.encode(Flags::HIDDEN, &mut out).unwrap();
        self.raw.socket().write_all(&out.to_vec()).unwrap();
    }

    fn send(&mut self, to: Target<'_>, message: &[u8]) {
        let me = self.me.clone();
        self.say(&Control::Send { from: PidTerm::new(&me), to, token: None, priority: false, message });
    }

    /// What the next frame that is of interest says.
    async fn hear<T>(&mut self, wanted: impl Fn(&Control<'_>) -> Option<T>) -> T {
        loop {
            while let Some((length, rest)) = self.input.split_first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                let Some(frame) = rest.get(..length) else { break };
                let found = if length == 0 { None } else { wanted(&control::decode(frame).unwrap().1) };
                self.input.drain(..4 + length);
                if let Some(found) = found {
                    return found;
                }
            }
            let mut chunk = [0; 4096];
            match self.raw.socket().read(&mut chunk) {
                Ok(0) => panic!("the node has closed: {:?}", self.raw.ended()),
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    tokio::time::sleep(Duration::from_millis(1)).await
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Waits until the node has handled all that was sent to it.
    async fn handled(&mut self) {
        // {is_auth, other} of `net_adm:ping/1`, as a gen call with the tag `t`.
        let call =
            [b"\x68\x03\x77\x09$gen_call\x68\x02", &self.me[..], b"\x77\x01t\x68\x02\x77\x07is_auth\x77\x05other"];
        self.send(Target::Name(AtomTerm::new(b"\x77\x0anet_kernel").unwrap()), &call.concat());
        self.hear(|control| match control {
            Control::Send { message: b"\x68\x02\x77\x01t\x77\x03yes", .. } => Some(()),
            _ => None,
        })
        .await;
    }
}

fn pid(bytes: &[u8]) -> PidTerm<'_> {
    PidTerm::new(bytes).unwrap()
}

/// `{Tag, right}`
fn tagged(tag: &Reference) -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_tuple(2).unwrap();
    out.put_reference(tag);
    out.put_atom(&atom!("right"));
    out.to_vec()
}

#[tokio::test]
async fn an_answer_without_a_tag_counts_only_from_the_node_that_was_asked() {
    let (node, mut asked, mut other) = node().await;
    let asking = node.clone();
    let to = (atom!("server"), Atom::from_static(ASKED));
    let call = tokio::spawn(async move { asking.request::<Atom>(to, atom!("question"), LIMIT).await });
    let caller = asked
        .hear(|control| match control {
            Control::Send { from: Some(from), message: b"\x77\x08question", .. } => Some(from.as_bytes().to_vec()),
            _ => None,
        })
        .await;
    for message in [&b"\x77\x05wrong"[..], b"\x6a"] {
        other.send(Target::Pid(pid(&caller)), message);
    }
    // Nor does it end the call to say that it has ended.
    let them = other.me.clone();
    let (from, to) = (pid(&them), pid(&caller));
    other.say(&Control::Link { from, to });
    other.say(&Control::Exit { from, to, token: None, reason: b"\x77\x05wrong" });
    other.say(&Control::Exit2 { from, to: Target::Pid(to), token: None, priority: false, reason: b"\x77\x04kill" });
    other.handled().await;
    assert!(!call.is_finished());
    asked.send(Target::Pid(pid(&caller)), b"\x77\x05right");
    assert_eq!(call.await.unwrap().unwrap(), "right");
}

#[tokio::test]
async fn the_end_of_a_process_is_told_only_by_its_own_node() {
    let (node, mut asked, mut other) = node().await;
    let call = || {
        let asking = node.clone();
        let to = (atom!("server"), Atom::from_static(ASKED));
        tokio::spawn(async move { asking.call::<Atom>(to, atom!("question"), LIMIT).await })
    };
    for tag_is_handed_on in [true, false] {
        let call = call();
        let (reference, caller) = asked
            .hear(|control| match control {
                Control::Monitor { from, reference, .. } => {
                    Some((reference.to_reference().unwrap(), from.as_bytes().to_vec()))
                }
                _ => None,
            })
            .await;
        let mut encoded = Encoder::new();
        encoded.put_reference(&reference);
        let encoded = encoded.to_vec();
        let down = |peer: &mut Peer| {
            let from = ProcTerm::Name(AtomTerm::new(b"\x77\x06server").unwrap());
            let reference = RefTerm::new(&encoded).unwrap();
            peer.say(&Control::MonitorExit { from, to: pid(&caller), reference, reason: b"\x77\x05wrong" });
        };
        down(&mut other);
        let them = other.me.clone();
        // Another tag than that of the call.
        other.send(Target::Pid(pid(&caller)), &[b"\x68\x02", &them[..], b"\x77\x05wrong"].concat());
        other.handled().await;
        assert!(!call.is_finished());
        if tag_is_handed_on {
            other.send(Target::Pid(pid(&caller)), &tagged(&reference));
            assert_eq!(call.await.unwrap().unwrap(), "right");
        } else {
            down(&mut asked);
            assert!(matches!(call.await.unwrap(), Err(CallError::Exit { .. })));
        }
    }
}

/// A call of a function, and a monitor.
#[tokio::test]
async fn what_a_spawned_process_gave_is_told_only_by_its_own_node() {
    let (node, mut asked, mut other) = node().await;
    let asking = node.clone();
    let call = tokio::spawn(async move { asking.rpc::<i64>(ASKED, "lists", "sum", &[&vec![1]], LIMIT).await });
    let (reference, caller) = asked
        .hear(|control| match control {
            Control::SpawnRequest { id, from, .. } => Some((id.to_reference().unwrap(), from.as_bytes().to_vec())),
            _ => None,
        })
        .await;
    let mut encoded = Encoder::new();
    encoded.put_reference(&reference);
    let encoded = encoded.to_vec();
    let id = RefTerm::new(&encoded).unwrap();
    // {Reference, return, N}
    let result = |n: u8| [b"\x68\x03", &encoded[..], b"\x77\x06return\x61", &[n]].concat();
    let tell = |peer: &mut Peer, n: u8| {
        let me = peer.me.clone();
        let from = ProcTerm::Pid(pid(&me));
        peer.say(&Control::MonitorExit { from, to: pid(&caller), reference: id, reason: &result(n) });
    };
    let refused = ProcTerm::Name(AtomTerm::new(b"\x77\x06notsup").unwrap());
    other.say(&Control::SpawnReply { id, to: pid(&caller), flags: 0, result: refused, token: None });
    tell(&mut other, 66);
    other.handled().await;
    assert!(!call.is_finished());
    tell(&mut asked, 1);
    assert_eq!(call.await.unwrap().unwrap(), 1);
}

#[tokio::test]
async fn a_result_over_the_limit_is_told_by_its_length() {
    const MAX_FRAME: usize = 1000;
    let builder = NodeBuilder::new().limits(LinkLimits::default().max_frame(MAX_FRAME));
    let node = builder.epmd_port(1).start("ours@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
    let mut asked = Peer::connect(&node, ASKED);
    let asking = node.clone();
    let call = tokio::spawn(async move { asking.rpc::<RawTerm>(ASKED, "m", "f", &[], LIMIT).await });
    let (reference, caller) = asked
        .hear(|control| match control {
            Control::SpawnRequest { id, from, .. } => Some((id.as_bytes().to_vec(), from.as_bytes().to_vec())),
            _ => None,
        })
        .await;
    let me = asked.me.clone();
    let result = [b"\x6d\0\0\x10\0", &[7; 0x1000][..]].concat();
    let reason = [b"\x68\x03", &reference[..], b"\x77\x06return", &result].concat();
    let (from, reference) = (ProcTerm::Pid(pid(&me)), RefTerm::new(&reference).unwrap());
    asked.say(&Control::MonitorExit { from, to: pid(&caller), reference, reason: &reason });
    let told = call.await.unwrap();
    let Err(RpcError::TooLong { length, limit: MAX_FRAME }) = told else { panic!("{told:?}") };
    assert!(length > reason.len() as u64 && length < reason.len() as u64 + 300);
    asked.handled().await;
}
