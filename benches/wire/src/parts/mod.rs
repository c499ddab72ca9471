//! The parts of the benchmark. Each adds the figures of its works to the report.

pub(crate) mod beam;
pub(crate) mod big;
pub(crate) mod callers;
pub(crate) mod fleet;
pub(crate) mod growth;
pub(crate) mod many;
pub(crate) mod raw;
pub(crate) mod world;
