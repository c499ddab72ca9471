//! What is written to the node, what it says, and whether it owed that.

use std::io::{ErrorKind, Read, Write};

use nodex_core::{
    node::testing::RawPeer,
    protocol::{
        Flags,
        control::{self, Control, ProcTerm, Target},
    },
};
use tokio::task::yield_now;

use super::{
    model::{Bytes, Owed, Process, Side},
    play::{CREATION, PEERS, Play},
    wire::{atom, message, pid, tuple},
};

/// So many turns of the runtime without an answer are a hang.
const TURNS: usize = 100_000;

impl Play<'_> {
    /// The peer comes again, in place of its connection.
    pub(super) async fn again(&mut self) {
        self.settle().await;
        self.reconnect().await;
    }

    async fn reconnect(&mut self) {
        let side = self.side;
        let peer = RawPeer::connect(&self.node, PEERS[side], CREATION, self.flags).expect("a pair of sockets");
        let old = std::mem::replace(&mut self.peers[side], peer);
        for _ in 0..16 {
            yield_now().await;
        }
        assert!(old.ended().is_some_and(|end| !end.to_string().is_empty()), "the old connection goes on");
        assert_eq!(old.watches(), (0, 0), "the old connection is remembered");
        self.model.disconnected(side);
        self.requests.clear();
        self.pending.clear();
        self.settle().await;
    }

    /// What waits to be written breaks the protocol: the node has to close the connection.
    pub(super) async fn must_close(&mut self) {
        self.write();
        for _ in 0..TURNS {
            if self.peers[self.side].ended().is_some() {
                return self.reconnect().await;
            }
            // What came before may be answered.
            let _ = self.read(self.side);
            yield_now().await;
        }
        panic!("the node does not close the connection");
    }

    pub(super) fn write(&mut self) {
        let bytes = self.in_form();
        self.put(&bytes);
        self.pending.clear();
    }

    /// Writes bytes as they are.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        // Far less than the buffer of a socket.
        if let Err(error) = self.peers[self.side].socket().write_all(bytes) {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "the node does not read");
            panic!("the node has closed the connection: {error}, {:?}", self.peers[self.side].ended());
        }
    }

    /// What is pending as it has to be written: frames are made without header.
    pub(super) fn in_form(&mut self) -> Bytes {
        if !self.flags.contains(Flags::FRAGMENTS) {
            return self.pending.clone();
        }
        let (mut all, mut rest) = (Vec::new(), &self.pending[..]);
        while let Some((length, after)) = rest.split_first_chunk()
            && let Some((frame, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize)
        {
            rest = after;
            let Some(said) = frame.strip_prefix(&[112, 131]) else {
                all.extend([length, frame].concat());
                continue;
            };
            let end = control::control_length(said).unwrap_or(said.len());
            let payload = said[end..].strip_prefix(&[131]).unwrap_or(&said[end..]);
            let message = [&said[..end], payload].concat();
            if self.cuts && control::control_length(said).is_some() {
                self.sequence += 1;
                all.extend(fragments(self.sequence, &message, end));
            } else {
                all.extend(with_length(&[&[131, 68, 0], &message[..]].concat()));
            }
        }
        [&all[..], rest].concat()
    }

    /// Everything is written and all answers are read; nothing is owed then.
    pub(super) async fn settle(&mut self) {
        let side = self.side;
        self.write();
        // Once more for what the other side's messages have to do with this one.
        for who in [side, 1 - side, side, 1 - side] {
            self.side = who;
            self.ping().await;
        }
        self.side = side;
        self.model.all_is_paid();
        for (side, (peer, name)) in self.peers.iter().zip(PEERS).enumerate() {
            assert_eq!(peer.watches(), self.model.counts(side), "monitors and links of {name}");
        }
    }

    /// A ping, as `net_adm` sends it, and everything that comes before its answer.
    async fn ping(&mut self) {
        let (from, tag): (Bytes, Bytes) = (pid(PEERS[self.side], 39, CREATION), self.unique());
        let question = tuple(&[&atom("is_auth"), &atom(PEERS[self.side])]);
        let payload = tuple(&[&atom("$gen_call"), &tuple(&[&from, &tag]), &question]);
        self.pending.extend(message(6, &[&from, &atom(""), &atom("net_kernel")], &payload));
        self.write();
        let owed = Owed::Reply(from, tuple(&[&tag, &atom("yes")]));
        self.model.owe(self.side, owed.clone());
        for _ in 0..TURNS {
            for frame in self.read(self.side) {
                self.came(&frame);
            }
            if !self.model.owed[self.side].contains_key(&owed) {
                return;
            }
            yield_now().await;
        }
        panic!("no answer to a ping; the connection: {:?}", self.peers[self.side].ended());
    }

    /// The frames that have come, ticks aside. The node writes whole ones.
    fn read(&mut self, side: Side) -> Vec<Bytes> {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 16 * 1024]);
        while let Ok(count @ 1..) = self.peers[side].socket().read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..count]);
        }
        let (mut frames, mut rest) = (Vec::new(), &bytes[..]);
        while let Some((length, after)) = rest.split_first_chunk() {
            let (frame, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            if !frame.is_empty() {
                frames.push(frame.to_vec());
            }
            rest = after;
        }
        assert!(rest.is_empty(), "a frame without its end");
        frames
    }

    /// Everything that the node says must be owed.
    fn came(&mut self, frame: &[u8]) {
        let side = self.side;
        let (_, control) =
            control::decode(frame).unwrap_or_else(|error| panic!("the node says what is wrong: {error}"));
        match control {
            Control::MonitorExit { to, reference, .. } => {
                self.model.pays(side, &Owed::Down(reference.as_bytes().to_vec(), to.as_bytes().to_vec()));
            }
            Control::Exit { from, to, .. } => {
                self.model.pays(side, &Owed::Exit(from.as_bytes().to_vec(), to.as_bytes().to_vec()));
            }
            Control::UnlinkAck { id, .. } => self.model.pays(side, &Owed::UnlinkAck(id)),
            Control::SpawnReply { id, to, result, .. } => self.spawned(id.as_bytes(), to.as_bytes(), result),
            Control::Send { to: Target::Pid(to), message, .. } => {
                let owed = Owed::Reply(to.as_bytes().to_vec(), message.to_vec());
                match self.model.owed[side].contains_key(&owed) {
                    true => self.model.pays(side, &owed),
                    false => self.model.replied(side, to.as_bytes(), message),
                }
            }
            Control::Send { to: Target::Alias(to), message, .. } => {
                self.model.pays(side, &Owed::Reply(to.as_bytes().to_vec(), message.to_vec()));
            }
            other => panic!("the node says {other:?}"),
        }
    }

    fn spawned(&mut self, id: &[u8], to: &[u8], result: ProcTerm<'_>) {
        let request = self.requests.remove(id).expect("a request to spawn was answered twice");
        assert_eq!(request.call.caller, to, "another process asked");
        let ProcTerm::Pid(pid) = result else { return };
        let (pid, caller) = (pid.as_bytes().to_vec(), request.call.caller.clone());
        if request.link {
            self.model.links.insert((self.side, pid.clone(), caller));
        }
        let process = Process { name: None, alive: true, trap_exit: false, call: Some(request.call) };
        assert!(self.model.processes.insert(pid.clone(), process).is_none(), "a pid was used before");
        if !request.holds {
            self.model.end(&pid);
        }
    }
}

/// One to three fragments, a tick and a message that is never finished in between.
fn fragments(sequence: u64, message: &[u8], control: usize) -> Bytes {
    let (head, payload) = message.split_at(control);
    let (one, two) = payload.split_at(payload.len() / 2);
    let fragment = |first: bool, sequence: u64, number: u64, data: &[u8]| {
        let (tag, references) = if first { (69, &[0][..]) } else { (70, &[][..]) };
        with_length(&[&[131, tag][..], &sequence.to_be_bytes(), &number.to_be_bytes(), references, data].concat())
    };
    match sequence % 3 {
        0 => fragment(true, sequence, 1, message),
        1 => {
            [fragment(true, sequence, 2, &[head, one].concat()), vec![0; 4], fragment(false, sequence, 1, two)].concat()
        }
        _ => [
            fragment(true, sequence, 3, head),
            fragment(true, sequence | 1 << 40, 9, head),
            fragment(false, sequence, 2, one),
            fragment(false, sequence, 1, two),
        ]
        .concat(),
    }
}

fn with_length(body: &[u8]) -> Bytes {
    [&(body.len() as u32).to_be_bytes()[..], body].concat()
}
