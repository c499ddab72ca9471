//! `scripts/bench host`: calls from a Rust host into node executables, beside the same call from a BEAM, and a fleet of
//! supervised nodes. See `options::USAGE`.

mod beam;
mod calls;
mod fleet;
mod options;
mod report;

use std::process::ExitCode;

use nodex_core::dist::Cookie;
use nodex_host::{Distributed, UseEpmd};
use options::Options;
use report::Report;
use tokio::runtime::{Builder, Runtime};

/// What goes wrong, in words.
type Result<T> = std::result::Result<T, String>;

/// The cookie of the host, and of a BEAM in its place.
const COOKIE: &str = "bench_cookie";

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let mut report = Report::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        for (threads, name) in [(1, "one thread"), (2, "two threads")] {
            let runtime = runtime(threads)?;
            runtime.block_on(async {
                let net = up().await?;
                calls::one_at_a_time(&net, options, name, &mut report).await?;
                calls::many_callers(&net, options, name, &mut report).await?;
                net.down().await;
                Ok::<_, String>(())
            })?;
        }
        if let Some(script) = &options.beam {
            let runtime = runtime(1)?;
            runtime.block_on(async {
                let net = up().await?;
                beam::measure(script, net.epmd_port(), options, &mut report).await?;
                net.down().await;
                Ok::<_, String>(())
            })?;
        }
    }
    if options.fleet > 0 {
        eprintln!("{} supervised nodes", options.fleet);
        let runtime = runtime(2)?;
        runtime.block_on(async {
            let net = up().await?;
            fleet::measure(&net, options, &mut report).await?;
            net.down().await;
            Ok::<_, String>(())
        })?;
    }
    print!("{}", report.table());
    if let Some(path) = &options.json {
        report.write(path).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("written to {}", path.display());
    }
    Ok(())
}

fn runtime(threads: usize) -> Result<Runtime> {
    let built = match threads {
        1 => Builder::new_current_thread().enable_all().build(),
        _ => Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    };
    built.map_err(|error| format!("no runtime: {error}"))
}

/// A host that meets nobody else.
async fn up() -> Result<Distributed> {
    let cookie = Cookie::new(COOKIE).map_err(|error| error.to_string())?;
    let host = Distributed::builder("master").cookie(cookie).epmd(UseEpmd::Private).up().await;
    host.map_err(|error| format!("no host: {error}"))
}
