//! What is done in two ways is done alike: the frequent forms of a message have a short way to a handler and back, and every
//! other form of the same thing a general one. Both are given the same generated messages, and what comes of them is
//! compared byte by byte. All of it goes through a connection, and the messages are written by [`written`], which shares no
//! code with the codec.
#![allow(clippy::unwrap_used)]

mod dispatch;
mod names;
mod peer;
#[path = "../../../nodex-proto/tests/differential/written.rs"]
mod written;
