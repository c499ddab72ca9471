//! The options of `nodex bench`.

use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Executables that are nodes and answer {ping, Anything} with {pong, Anything}, as a path or as NAME=PATH; all are
    /// compared with the first one
    #[arg(required = true, value_name = "EXE")]
    pub(super) exes: Vec<String>,
    /// How often everything is done, each time with processes of its own
    #[arg(short, long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) rounds: u16,
    /// Much less of everything, for a first look
    #[arg(long)]
    pub(super) quick: bool,
    /// Write report.html, its pictures and bench.json into this folder
    #[arg(short = 'o', long, value_name = "FOLDER")]
    pub(super) report: Option<PathBuf>,
}
