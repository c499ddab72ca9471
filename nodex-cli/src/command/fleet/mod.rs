//! Commands about fleets.

pub(super) mod logs;
pub(super) mod ps;
pub(super) mod restart;
pub(super) mod stop;
pub(super) mod top;
pub(super) mod up;
