//! What is done in two ways is done alike: the frequent forms of a frame or a term have a short way through the code, and
//! every other form of the same thing a general one. Both are given the same generated input, and their results are
//! compared byte by byte. All of it goes through what is public, and the input is written by [`written`], which shares no
//! code with the codec.
#![allow(clippy::unwrap_used)]

mod codec;
mod frames;
mod written;
