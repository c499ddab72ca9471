//! How many descriptors this process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors a listening process can use. Far below the numbers for which programs make large tables.
const ENOUGH: u64 = 8192;

/// Raises the limit of descriptors as far as this process needs and may, and returns it: shells and service managers
/// set it to 1,024 where they allow far more.
pub(crate) fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else { return usize::MAX };
    let wanted = ENOUGH.min(limit.maximum.unwrap_or(ENOUGH));
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    let now = if current < wanted && setrlimit(Resource::Nofile, raised).is_ok() { wanted } else { current };
    usize::try_from(now).unwrap_or(usize::MAX)
}
