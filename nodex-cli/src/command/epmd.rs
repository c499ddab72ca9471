//! `nodex epmd`: an epmd without Erlang.

use std::{io, process::ExitCode};

use nodex_core::{
    epmd::{Ended, Server, server_addresses},
    error::Chain,
};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    client::epmd_failure,
    failure::{Code, Failure},
    options::Global,
    output::Screen,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The port to listen on [default: ERL_EPMD_PORT, or 4369]
    #[arg(long)]
    port: Option<u16>,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(args, global))
}

async fn serve(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let mut addresses = server_addresses().map_err(|error| epmd_failure(&error))?;
    if let Some(port) = args.port {
        addresses.iter_mut().for_each(|address| address.set_port(port));
    }
    let shown = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let server = Server::bind_all(&addresses).await.map_err(|error| {
        let failure =
            Failure::new(Code::NotReachable, format!("epmd cannot listen on {shown}: {error}", error = Chain(&error)));
        match error.kind() {
            io::ErrorKind::AddrInUse => failure.hint("most likely an epmd runs there already: nodex names asks it"),
            _ => failure,
        }
    })?;
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let screen = Screen::new(global.quiet);
    let address = server.local_addr();
    match global.json {
        true => screen.json(json!({ "epmd": address.to_string() }))?,
        false => screen.data(format_args!("epmd on {address}"))?,
    }
    let mut interrupted = false;
    let ended = server
        .run(async {
            tokio::select! {
                _ = interrupt.recv() => interrupted = true,
                _ = terminate.recv() => {}
            }
        })
        .await;
    match ended {
        Ended::Shutdown if interrupted => Err(Failure::new(Code::Interrupted, "interrupted")),
        Ended::Shutdown | Ended::Killed => Ok(ExitCode::SUCCESS),
    }
}
