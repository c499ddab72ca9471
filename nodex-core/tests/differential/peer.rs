//! A peer of a node that writes its frames by hand.

use std::{
    collections::HashMap,
    io::{ErrorKind, Read, Write},
};

use nodex_core::{
    convert::{FromTerm, binary_to_term},
    node::{Node, testing::RawPeer},
    protocol::{
        Flags,
        control::{self, Control},
    },
    term::{Atom, RawTerm},
};

use super::written::{T, usual};

/// The node that it claims to be.
const NODE: &str = "peer@127.0.0.1";

pub(crate) struct Peer {
    raw: RawPeer,
    input: Vec<u8>,
    /// The pid that it sends from, encoded.
    pub(crate) me: Vec<u8>,
}

impl Peer {
    pub(crate) fn connect(node: &Node, flags: Flags) -> Self {
        let me = usual(&T::Pid(NODE.into(), [42, 0, 9]));
        Peer { raw: RawPeer::connect(node, NODE, 9, flags).unwrap(), input: Vec::new(), me }
    }

    /// Writes frames at once, each with its length.
    pub(crate) async fn write(&mut self, frames: &[Vec<u8>]) {
        let mut all: Vec<u8> = Vec::new();
        for frame in frames {
            all.extend((frame.len() as u32).to_be_bytes());
            all.extend(frame);
        }
        let mut rest = &all[..];
        while !rest.is_empty() {
            match self.raw.socket().write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::task::yield_now().await,
                Err(error) => panic!("{error}: {:?}", self.raw.ended()),
            }
        }
    }

    /// The next frame that is no tick.
    pub(crate) async fn read(&mut self) -> Vec<u8> {
        loop {
            while let Some((length, rest)) = self.input.split_first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                let Some(frame) = rest.get(..length).map(<[u8]>::to_vec) else { break };
                self.input.drain(..4 + length);
                if length > 0 {
                    return frame;
                }
            }
            let mut chunk = [0; 64 << 10];
            match self.raw.socket().read(&mut chunk) {
                Ok(0) => panic!("the node has closed: {:?}", self.raw.ended()),
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                // Whatever the node is to do, it does on this thread.
                Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// All frames up to the one that is this message.
    pub(crate) async fn read_until(&mut self, last: &[u8]) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let frame = self.read().await;
            if message(&frame) == Some(last) {
                return all;
            }
            all.push(frame);
        }
    }

    /// The counters of the connection, by `nodex:connections()`.
    pub(crate) async fn counters(&mut self) -> HashMap<Atom, u64> {
        let call = gen_call(&self.me, b"\x77\x08counters", &usual(&T::Atom("connections".into())));
        self.write(&[reg_send(&self.me, "nodex", &call)]).await;
        let reply = self.read().await;
        let (_, mut all): (Atom, Vec<HashMap<Atom, RawTerm>>) = read(message(&reply).unwrap()).unwrap();
        assert_eq!(all.len(), 1);
        all[0].remove("counters").unwrap().decode().unwrap()
    }
}

/// The value of a term, if it is of this type.
pub(crate) fn read<R: FromTerm>(term: &[u8]) -> Option<R> {
    binary_to_term(&[&[131], term].concat()).ok()
}

/// What a frame sends to a process.
pub(crate) fn message(frame: &[u8]) -> Option<&[u8]> {
    match control::decode(frame).unwrap().1 {
        Control::Send { message, .. } => Some(message),
        _ => None,
    }
}

/// `REG_SEND` as every node writes it.
pub(crate) fn reg_send(from: &[u8], to: &str, message: &[u8]) -> Vec<u8> {
    let to = usual(&T::Atom(to.into()));
    [b"\x70\x83\x68\x04\x61\x06", from, b"\x77\0", &to, b"\x83", message].concat()
}

/// `{'$gen_call', {From, Tag}, Request}` as every node writes it.
pub(crate) fn gen_call(from: &[u8], tag: &[u8], request: &[u8]) -> Vec<u8> {
    [b"\x68\x03\x77\x09$gen_call\x68\x02", from, tag, request].concat()
}
