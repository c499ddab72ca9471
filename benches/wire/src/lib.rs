//! The benchmark of node executables: a raw generator, a Rust host and a BEAM as those who call a node, what they do to
//! it, and the report. `scripts/bench` and `nodex bench` are made of it.
//!
//! Every round starts every executable anew and does the same work with each in turn, so that what else happens on the
//! machine meets all of them alike.
//!
//! ```text
//! round ──> parts ──> load ──> generator
//!   │         └─────────┴────> figures ──> options
//!   └─────> report ──> parts (the names of its works), figures
//! ```

mod figures;
mod generator;
mod load;
pub mod options;
mod parts;
mod report;
mod round;

pub use figures::report::Report;
pub use generator::host;
pub use load::round_trips;
pub use options::{Executable, Options};
pub use report::page::with_tables;
pub use round::run;
