//! The epmd of the host.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use nodex_core::epmd::{Client, EpmdError, Server, is_covered, local_address, port, server_addresses};
use tokio::{
    process::Command,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::UpError;

/// Which epmd a host uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EpmdMode {
    /// The epmd of this machine if it answers, otherwise one in this program on the same port.
    #[default]
    SystemOrEmbedded,
    /// The epmd of this machine.
    System,
    /// The epmd of this machine. If none answers, [`spawn_epmd`] starts it. It outlives this program.
    SystemStarted,
    /// An epmd in this program, on the usual port if that is free, otherwise on any other. Nodes that are started from
    /// here receive the port; others need it as `ERL_EPMD_PORT`.
    Embedded,
    /// An epmd in this program, on any free port, so that no other node uses it.
    Private,
}

/// Starts Erlang's epmd as a daemon, unless one answers already, and waits until it answers. It outlives this program,
/// as one that `erl` starts. It listens on 127.0.0.1, or on `ERL_EPMD_ADDRESS`, on the port `ERL_EPMD_PORT` or 4369.
///
/// # Errors
/// Returns an error when there is no `epmd` in `PATH`, something else answers, or nothing does within 10 s.
pub async fn spawn_epmd() -> Result<(), UpError> {
    let client = Client::new(local_address()?);
    match client.names().await {
        Ok(_) => return Ok(()),
        Err(EpmdError::NotRunning { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut epmd = Command::new("epmd");
    epmd.args(["-daemon", "-port", &port()?.to_string()]);
    if std::env::var_os("ERL_EPMD_ADDRESS").is_none_or(|addresses| addresses.is_empty()) {
        epmd.args(["-address", "127.0.0.1"]);
    }
    epmd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It goes into the background and leaves its parent, which is waited for.
    epmd.status().await.map_err(|source| UpError::SystemEpmd { source })?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        match client.names().await {
            Ok(_) => return Ok(()),
            Err(EpmdError::NotRunning { .. }) if Instant::now() < deadline => sleep(START_PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// How long epmd may take to answer.
const START_LIMIT: Duration = Duration::from_secs(10);
const START_PAUSE: Duration = Duration::from_millis(10);

/// An epmd in this program. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Running(Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>);

impl Running {
    fn start(server: Server) -> Running {
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            let ended = server.run(async { drop(stopped.await) }).await;
            tracing::debug!(?ended, "the embedded epmd has ended");
        };
        Running(Mutex::new(Some((stop, tokio::spawn(serve)))))
    }

    /// Ends it and waits until its port is free.
    pub(super) async fn stop(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, serve)) = running {
            drop(stop);
            let _ = serve.await;
        }
    }
}

/// Returns the port of the epmd to use, and the epmd itself if it had to be started.
pub(super) async fn find(which: EpmdMode, at_port: Option<u16>, ip: IpAddr) -> Result<(u16, Option<Running>), UpError> {
    let usual = match at_port {
        _ if which == EpmdMode::Private => 0,
        Some(port) => port,
        None => port()?,
    };
    if which == EpmdMode::SystemStarted {
        spawn_epmd().await?;
        return Ok((usual, None));
    }
    if matches!(which, EpmdMode::SystemOrEmbedded | EpmdMode::System) {
        let mut address = local_address()?;
        address.set_port(usual);
        match Client::new(address).names().await {
            Ok(_) => return Ok((usual, None)),
            Err(EpmdError::NotRunning { .. }) if which == EpmdMode::SystemOrEmbedded => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut addresses = server_addresses()?;
    addresses.iter_mut().for_each(|address| address.set_port(usual));
    if !is_covered(&addresses, ip) {
        addresses.push(SocketAddr::new(ip, usual));
    }
    let bound = match Server::bind_all(&addresses).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && which == EpmdMode::Embedded => {
            addresses.iter_mut().for_each(|address| address.set_port(0));
            Server::bind_all(&addresses).await
        }
        bound => bound,
    };
    let first = addresses.first().copied().unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), usual));
    let server = bound.map_err(|source| UpError::EmbeddedEpmd { address: first, source })?;
    Ok((server.local_addr().port(), Some(Running::start(server))))
}
