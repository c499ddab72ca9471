//! When a value shares the buffer that it was received in.

use bytes::Bytes;

/// Binaries and raw terms of this size or more share the received buffer, if they are at least a quarter of it. Others
/// are copied, because they would keep much more memory than their own.
pub const SHARE_MIN: usize = 4 * 1024;

/// Returns whether a part of this length shares its owner.
#[inline]
pub(crate) fn is_shared(len: usize, owner: &Bytes) -> bool {
    len >= SHARE_MIN && len >= owner.len() / 4
}
