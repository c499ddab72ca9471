//! What was measured: times of a round, figures of all rounds, and the machine that they are from.

pub(crate) mod latency;
mod machine;
pub(crate) mod report;
pub(crate) mod subject;
