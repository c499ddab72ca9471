//! A peer that is written by hand, over blocking sockets, and can break every rule of the protocol.
//!
//! It shares no code with the library: every byte is put together here, as the chapters `erl_ext_dist` and
//! `erl_dist_protocol` of the OTP documentation have it, so that every byte can be wrong, and none is wrong on both sides.
//! [`wire`] makes terms and frames, [`handshake`] takes either side of a handshake step by step, [`epmd`] answers in place
//! of an epmd, and [`link`] is an established connection.

pub mod epmd;
pub mod handshake;
pub mod link;
pub mod wire;
