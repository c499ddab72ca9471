//! The drain time that the host sets in the environment.

use std::time::Duration;

use crate::duration::{self, DurationError};

/// The environment variable with the drain time.
const VARIABLE: &str = "NODEX_DRAIN";

/// Why the drain time cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {VARIABLE} cannot be used")]
pub(in crate::node) struct DrainError(#[source] DurationError);

/// Returns the time in `NODEX_DRAIN`, if it is set.
pub(in crate::node) fn from_environment() -> Result<Option<Duration>, DrainError> {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return Ok(None) };
    duration::parse(&value.to_string_lossy()).map(Some).map_err(DrainError)
}
