//! The options of `nodex bench`.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Executables that are nodes and answer {ping, Anything} with {pong, Anything}, as a path or as NAME=PATH; all are
    /// compared with the first one
    #[arg(required = true, value_name = "EXE")]
    pub(super) exes: Vec<String>,
    /// The number of rounds, each with new processes
    #[arg(short, long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) rounds: u16,
    /// Measure much less, for a first look
    #[arg(long)]
    pub(super) quick: bool,
    /// Write report.html, its pictures and bench.json into this folder
    #[arg(short = 'o', long, value_name = "FOLDER")]
    pub(super) report: Option<PathBuf>,
}
