//! The names of the processes of every node, and their lookup.

use std::hash::Hasher;

/// The server that `rpc` of OTP 23 calls (`rpc.erl`).
pub(in crate::node) const REX: &str = "rex";

/// The names of the processes of every node. Registered services take precedence.
pub(super) const EVERY_NODE: [&str; 4] = ["net_kernel", REX, "nodex", "user"];

/// Which of [`EVERY_NODE`] this is. The names are known here, so that a call to another name costs a few comparisons.
#[inline]
pub(super) fn position(name: &[u8]) -> Option<usize> {
    EVERY_NODE.iter().position(|own| own.as_bytes() == name)
}

/// The name server of OTP's `global`.
pub(in crate::node) const GLOBAL: &str = "global_name_server";

/// The names to which BEAMs send by themselves on visible nodes. BEAMs can handle that no such process exists; a
/// service that answers any name would leave them waiting.
pub(super) const PARTS_OF_A_BEAM: [&str; 3] = [GLOBAL, "global_group", "pg"];

/// FNV-1a, eight bytes at a time. Its keys are the node's own function names, so nobody can choose them to collide.
#[derive(Debug, Default)]
pub(super) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        const PRIME: u64 = 0x0000_0100_0000_01B3;
        let mut hash = self.0 ^ 0xCBF2_9CE4_8422_2325;
        let (words, rest) = bytes.as_chunks();
        for word in words {
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29);
        }
        for &byte in rest {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        // The table takes its buckets from the low and its tags from the high bits.
        self.0 = hash ^ (hash >> 32);
    }

    #[inline]
    fn write_usize(&mut self, length: usize) {
        self.0 ^= length as u64;
    }
}
