//! The descriptors that this process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process that listens has use for. Far below what has programs make large tables of descriptors.
const ENOUGH: u64 = 8192;

/// Returns how many descriptors this process may have, once its limit is raised as far as it needs and may: shells and
/// service managers give 1,024 where they allow far more.
pub(crate) fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else { return usize::MAX };
    let wanted = ENOUGH.min(limit.maximum.unwrap_or(ENOUGH));
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    let now = if current < wanted && setrlimit(Resource::Nofile, raised).is_ok() { wanted } else { current };
    usize::try_from(now).unwrap_or(usize::MAX)
}
