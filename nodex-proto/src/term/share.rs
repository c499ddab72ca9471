//! What shares the buffer that it came in.

use bytes::Bytes;

/// Binaries and raw terms from this size on share the received buffer, if they are a quarter of it or more. Others are
/// copied: kept for long, they would keep much more in memory than they are.
pub const SHARE_MIN: usize = 4 * 1024;

/// Returns whether what is kept of these bytes is to share them.
#[inline]
pub(crate) fn is_shared(len: usize, owner: &Bytes) -> bool {
    len >= SHARE_MIN && len >= owner.len() / 4
}
