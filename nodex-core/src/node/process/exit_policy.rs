//! [`ExitPolicy`].

use crate::term::RawTerm;

/// The atom `normal`.
pub(in crate::node) const NORMAL: &[u8] = b"\x77\x06normal";

/// How a service reacts to exit signals and panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct ExitPolicy {
    /// Exit signals other than `kill` are dropped.
    pub(in crate::node) trap_exit: bool,
    /// A handler that panics ends the process.
    pub(in crate::node) stop_on_panic: bool,
}

impl ExitPolicy {
    /// The policy of the services that a node is built with.
    pub(in crate::node) const PERMANENT: ExitPolicy = ExitPolicy { trap_exit: true, stop_on_panic: false };

    /// Returns whether an exit signal with this reason ends the process.
    pub(in crate::node) fn accepts_exit(self, reason: &RawTerm, untrappable: bool) -> bool {
        untrappable || !self.trap_exit && !is_normal(reason)
    }
}

/// Returns `true` for `normal`, which as an exit signal ends no other process.
pub(in crate::node) fn is_normal(reason: &RawTerm) -> bool {
    reason.as_bytes() == NORMAL
}
