//! A peer that speaks the protocol badly on purpose, over blocking sockets.
//!
//! It shares no code with the library: every byte is put together in `nodex_testkit::peer`, so that every byte can be wrong.
//! `victim` is the node executable under attack, `stage` all that is needed for it set up, `scene` the same around a node that
//! misbehaves on request (`target.rs`), whose handlers wait at a `gate`. `flood` connects as fast as it can.
//! The tables of attacks are beside: `frames`, `fragments`, `terms`, `greetings` (hosts in the handshake),
//! `entrances` (peers in the handshake) and `mappers` (epmds).

// Two test programs take their own parts of this module.
#![allow(dead_code)]

pub(crate) use nodex_testkit::peer::{epmd, handshake, link, wire};

pub(crate) mod entrances;
pub(crate) mod flood;
pub(crate) mod fragments;
pub(crate) mod frames;
pub(crate) mod gate;
pub(crate) mod greetings;
pub(crate) mod mappers;
pub(crate) mod scene;
pub(crate) mod stage;
pub(crate) mod terms;
pub(crate) mod victim;
pub(crate) mod writing;
