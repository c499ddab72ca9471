//! How long a node may take to end: what the host says in the environment.

use std::time::Duration;

use crate::duration::{self, DurationError};

/// The environment variable by which the host says it.
const VARIABLE: &str = "NODEX_DRAIN";

/// A time that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {VARIABLE} cannot be used")]
pub(in crate::node) struct DrainError(#[source] DurationError);

/// What `NODEX_DRAIN` says, if it says anything.
pub(in crate::node) fn from_environment() -> Result<Option<Duration>, DrainError> {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return Ok(None) };
    duration::parse(&value.to_string_lossy()).map(Some).map_err(DrainError)
}
