//! `scripts/bench`: node executables side by side. See `wire::options::USAGE`.

use std::process::ExitCode;

use wire::{Options, options::USAGE};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match measure(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all of it could be measured.
fn measure(options: &Options) -> Result<bool, String> {
    let report = wire::run(options, |what| eprintln!("{what}"))?;
    print!("{}", report.table());
    if let Some(folder) = &options.report {
        report.write(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        eprintln!("written to {}", folder.display());
    }
    for failure in &report.failures {
        eprintln!("bench: {failure}");
    }
    Ok(report.failures.is_empty())
}
