//! A peer that speaks the protocol badly on purpose, over blocking sockets.
//!
//! It shares no code with the library: every byte is put together here, so that every byte can be wrong.
//! `wire` makes terms and frames, `handshake` takes either side of a handshake step by step, `epmd` answers in place of
//! an epmd, `link` is an established connection, `victim` the node executable under attack, `stage` all of them set up, `scene`
//! the same around a node that misbehaves on request (`target.rs`), whose handlers wait at a `gate`.
//! `flood` connects as fast as it can.
//! The tables of attacks are beside: `frames`, `terms`, `greetings` (hosts in the handshake),
//! `entrances` (peers in the handshake) and `mappers` (epmds).

// Every test binary takes its own part of this module.
#![allow(dead_code)]

pub(crate) mod entrances;
pub(crate) mod epmd;
pub(crate) mod flood;
pub(crate) mod frames;
pub(crate) mod gate;
pub(crate) mod greetings;
pub(crate) mod handshake;
pub(crate) mod link;
pub(crate) mod mappers;
pub(crate) mod scene;
pub(crate) mod stage;
pub(crate) mod terms;
pub(crate) mod victim;
pub(crate) mod wire;
pub(crate) mod writing;
