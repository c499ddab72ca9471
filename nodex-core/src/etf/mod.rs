//! The external term format: bytes to values and back (erts, chapter `erl_ext_dist`).
//!
//! Nothing here recurses as deep as a term is nested, and no count in the bytes makes an allocation larger than the
//! bytes that follow it can fill.

mod decoder;
mod encoder;
mod error;
mod kind;
mod skip;
pub mod tag;

pub use decoder::{Decoder, List};
pub use encoder::{Encoder, Mark};
pub use error::{EncodeError, EtfError};
pub use kind::Kind;

/// The version byte in front of every term outside of an encoded term.
pub const VERSION: u8 = 131;

/// What a [`Decoder`] accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep typed values and dynamic terms may be nested; raw terms have no such limit.
    pub max_depth: u32,
    /// How many bytes of memory one dynamic term may take.
    pub max_term_memory: usize,
}

impl Default for Limits {
    /// 512 levels, 64 MiB.
    fn default() -> Self {
        Limits { max_depth: 512, max_term_memory: 64 << 20 }
    }
}
