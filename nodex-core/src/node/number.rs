//! The numbers in pids.

/// The two numbers of a pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::node) struct Number {
    pub(in crate::node) id: u32,
    pub(in crate::node) serial: u32,
}

/// The greatest serial in a pid that OTP 23 accepts.
pub(in crate::node) const SMALL_SERIAL: u32 = (1 << 13) - 1;
