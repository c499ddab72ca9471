//! The external term format (ERTS User's Guide, "External Term Format").
//!
//! [`Decoder`] reads terms, [`Encoder`] writes them, and [`Limits`] bounds what is read. No function recurses as deep
//! as a term is nested, and no count in the bytes causes an allocation larger than the bytes that follow it can fill.

pub(crate) mod ascii;
mod decode_error;
mod decoder;
mod encoder;
mod error;
mod float_text;
mod identifier;
mod integer;
mod kind;
mod put;
mod put_digits;
mod scalar;
pub(crate) mod skip;
pub mod tag;
mod write_buf;

pub use crate::term::share::SHARE_MIN;
pub use decode_error::{Cause, DecodeError};
pub use decoder::{Decoder, List};
#[doc(hidden)]
pub use encoder::Prefix;
pub use encoder::{Encoder, Mark};
pub use error::{EncodeError, EtfError, TooMany};
pub use integer::Integer;
#[cfg(feature = "num-bigint")]
pub(crate) use integer::big_integer;
pub use kind::Kind;
pub(crate) use put_digits::mask_bits;

use float_text::float_text;

/// The version byte before every term that is not part of another.
pub const VERSION: u8 = 131;

/// The most elements of a tuple (`MAX_ARITYVAL` in OTP's `big.h`, 2^24 - 1).
///
/// OTP 25 accepts longer ones and OTP 29 refuses them; no BEAM can make one.
pub const MAX_ARITY: usize = 16_777_215;

/// The most bytes of a big integer that some BEAM accepts: OTP 25 does, OTP 29 stops at [`MAX_SENT_INTEGER_BYTES`].
pub const MAX_INTEGER_BYTES: usize = 4_194_296;

/// The most bytes of a big integer that every BEAM accepts. The encoder refuses longer ones.
pub const MAX_SENT_INTEGER_BYTES: usize = 524_280;

/// The default limit of nesting, and the fixed one of terms in text.
pub const MAX_TERM_DEPTH: u32 = 512;

/// The limits of a [`Decoder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How deep Rust values and dynamic terms may be nested. Raw terms have no such limit.
    pub max_depth: u32,
    /// How many bytes of memory the values decoded from one message may take: dynamic terms, and lists and maps of Rust
    /// values. A message may always take a multiple of its length: twice for dynamic terms, eight times otherwise.
    pub max_term_memory: usize,
}

impl Limits {
    /// Sets [`max_depth`](Self#structfield.max_depth).
    #[must_use]
    pub const fn max_depth(mut self, limit: u32) -> Self {
        self.max_depth = limit;
        self
    }

    /// Sets [`max_term_memory`](Self#structfield.max_term_memory).
    #[must_use]
    pub const fn max_term_memory(mut self, limit: usize) -> Self {
        self.max_term_memory = limit;
        self
    }
}

impl Default for Limits {
    /// 512 levels, 64 MiB.
    fn default() -> Self {
        Limits { max_depth: MAX_TERM_DEPTH, max_term_memory: 64 << 20 }
    }
}
