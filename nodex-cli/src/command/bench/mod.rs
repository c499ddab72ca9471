//! `nodex bench`: node executables side by side. The benchmark is part of the command if the feature `bench` is on: it
//! needs crates that no other command needs.

#[cfg(feature = "bench")]
mod measure;
mod options;

use std::process::ExitCode;

pub(crate) use options::Args;

use crate::{failure::Failure, options::Global};

#[cfg(feature = "bench")]
pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    measure::run(args, global)
}

#[cfg(not(feature = "bench"))]
pub(crate) fn run(_: Args, _: &Global) -> Result<ExitCode, Failure> {
    use crate::failure::Code;

    let failure = Failure::new(Code::Usage, "this nodex was built without its benchmark");
    Err(failure.hint(
        "in the repository of nodex: cargo run --release -p nodex-cli --features bench -- bench EXE.., or cargo install \
         --path nodex-cli --features bench",
    ))
}
