//! What is done in two ways is done alike: the frequent forms of a message, a frame or a term have a short way through the
//! code, and every other form of the same thing a general one. Both are given the same generated input, and their results
//! are compared byte by byte.
//!
//! All of it goes through what is public, and the input is written by [`written`], which shares no code with the codec.
#![allow(clippy::unwrap_used)]

#[path = "differential/codec.rs"]
mod codec;
#[path = "differential/dispatch.rs"]
mod dispatch;
#[path = "differential/frames.rs"]
mod frames;
#[path = "differential/names.rs"]
mod names;
#[path = "differential/peer.rs"]
mod peer;
#[path = "differential/written.rs"]
mod written;
