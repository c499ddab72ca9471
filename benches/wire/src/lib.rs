//! The benchmark of node executables: a raw generator, a Rust host and a BEAM as those who call a node, what they do to
//! it, and the report. `scripts/bench` and `nodex bench` are made of it.
//!
//! Every round starts every executable anew and does the same work with each in turn, so that what else happens on the
//! machine meets all of them alike.

mod aloud;
mod beam;
mod callers;
mod chart;
mod codec;
mod cores;
mod fleet;
mod frames;
mod growth;
mod handshake;
pub mod host;
mod html;
mod json;
mod latency;
mod machine;
mod open_loop;
pub mod options;
mod pictures;
pub mod process;
mod raw;
pub mod report;
mod round;
mod saturated;
mod traffic;
pub mod work;

pub use options::{Executable, Options};
pub use report::Report;
pub use round::run;
