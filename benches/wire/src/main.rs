//! `scripts/bench`: node executables side by side. See `wire::options::USAGE`.

use std::process::ExitCode;

use wire::{Options, options::USAGE};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some("tables") {
        let paths: Vec<String> = std::env::args().skip(2).collect();
        return match tables(&paths) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("bench: {message}");
                ExitCode::FAILURE
            }
        };
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

/// Puts the tables of the figures that are kept into a page.
fn tables(paths: &[String]) -> Result<(), String> {
    let [page, bench, codec] = paths else { return Err("tables needs a page, bench.json and codec.json".into()) };
    let read = |path: &str| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let json = |path: &str| serde_json::from_str(&read(path)?).map_err(|error| format!("{path}: {error}"));
    let made = wire::with_tables(&read(page)?, &json(bench)?, &json(codec)?)?;
    std::fs::write(page, made).map_err(|error| format!("{page}: {error}"))
}
