//! What a visible node tells `global`, OTP's registry of names of a cluster (`global.erl`).
//!
//! This node takes no part in it: it has no names and takes no locks. A BEAM that is connected with a visible node
//! waits in `global:sync/0` until that node is in sync, so this node reports that it is. `init_connect`, with which a
//! BEAM starts to negotiate, is not answered, because a node that answers must follow the whole protocol.

use super::connection::{Connection, Dispatch};
use crate::{
    error::Chain,
    etf::{Decoder, Encoder},
    node::{
        connection::{inner::Inner, peer::Peer},
        process::names::GLOBAL,
    },
    protocol::{
        Flags,
        control::{AtomTerm, Control, Target},
    },
};

/// Its name as an atom.
const SERVER: &[u8] = b"\x77\x12global_name_server";
/// The start of `{'$gen_cast', {in_sync, ..}}`, before the name of this node.
const HEAD: &[u8] = b"\x68\x02\x77\x09$gen_cast\x68\x03\x77\x07in_sync";
const KNOWN: &[u8] = b"\x77\x04true";

/// Tells the `global` of a node that has just been connected, if both are visible.
pub(super) fn greet(inner: &Inner, peer: &Peer) {
    if inner.visible && peer.line.flags.contains(Flags::PUBLISHED) {
        peer.line.outbox.send(|out| in_sync(inner, peer.line.flags, out));
    }
}

fn in_sync(inner: &Inner, flags: Flags, out: &mut Encoder) {
    let net_kernel = inner.registry.system(b"net_kernel").and_then(|process| process.address.pid());
    let Some(to) = AtomTerm::new(SERVER).map(Target::Name) else { return };
    let send = Control::Send { from: net_kernel, to, token: None, priority: false, message: &[] };
    let Ok((frame, _)) = send.open(flags, out) else { return };
    out.put_slice(HEAD);
    out.put_atom(&inner.identity.name);
    out.put_slice(KNOWN);
    if let Err(error) = frame.finish(out) {
        tracing::debug!(error = %Chain(&error), "global is not told of this node");
    }
}

impl Dispatch {
    /// Returns `true` for what a BEAM's `global` sends to ours. On OTP 23 it may hear of us before it knows that we are
    /// connected, so the report is repeated once it asks.
    #[cold]
    pub(super) fn global(&self, message: &[u8], out: &mut Encoder) -> bool {
        let Connection { inner, flags, .. } = &self.connection;
        if !inner.visible || inner.registry.named(GLOBAL.as_bytes()).is_some() {
            return false;
        }
        if asks_to_connect(message).is_some() {
            in_sync(inner, *flags, out);
        }
        true
    }
}

/// Returns `Some` for `{'$gen_cast', {init_connect, ..}}`.
fn asks_to_connect(message: &[u8]) -> Option<()> {
    let mut decoder = Decoder::new(message);
    let outer = decoder.tuple().ok()? == 2 && decoder.atom_name().ok()? == "$gen_cast";
    let inner = outer && decoder.tuple().ok()? == 4 && decoder.atom_name().ok()? == "init_connect";
    inner.then_some(())
}
