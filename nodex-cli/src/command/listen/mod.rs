//! `nodex listen`: a node that shows what it is sent.

mod connection;
mod place;
mod show;

use std::{
    io,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use nodex_core::{convert::term_to_binary, error::Chain, protocol::Flags};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::sleep_until,
};

use crate::{
    client,
    failure::{Code, Failure},
    options::Global,
    output::Screen,
    raw::{Epmd, Host},
    terms::argument,
};

/// How long nobody is let in when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Messages that are not shown yet; then the connections wait, and the senders with them.
const WAITING: usize = 256;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name to have among the nodes: name@host, or a name at 127.0.0.1
    #[arg(default_value = "listen")]
    node: String,
    /// End after so many messages
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Answer calls, and plain messages, with this term. Without it calls wait until their time is up
    #[arg(short, long, value_name = "TERM", allow_negative_numbers = true)]
    reply: Option<String>,
    /// Show monitors, links and exit signals as well
    #[arg(short, long)]
    all: bool,
    /// The address to listen on [default: the loopback address that the host of the name stands for]
    #[arg(long, value_name = "ADDRESS")]
    address: Option<std::net::IpAddr>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let reply = args.reply.as_deref().map(|reply| argument(reply, global)).transpose()?;
    let reply = reply.map(|reply| term_to_binary(&reply)).transpose();
    let reply = reply.map_err(|error| Failure::new(Code::BadTerm, Chain(&error)))?;
    let cookie = client::cookie(global)?;
    let (name, address) = place::of(&args.node, args.address).await?;
    let epmd = Epmd::of_the_machine(address).await?;
    // Without `SPAWN` a BEAM tells callers of functions at once that there are none here.
    let host = Host::up(&name, address, cookie, Flags::NODE.without(Flags::SPAWN), &epmd.client).await?;
    let screen = Screen::new(global.quiet);
    let which = if epmd.is_embedded() { "an epmd of its own" } else { "epmd" };
    screen.talk(format_args!(
        "{} listens on {}, known to {which} on port {}",
        screen.err.head(&name),
        host.address()?,
        epmd.port()
    ));
    screen.talk(screen.err.dim(format!("from Elixir: send({{:any, :\"{name}\"}}, :hello)")));

    let (to_show, mut received) = mpsc::channel(WAITING);
    let room = Arc::new(Semaphore::new(connection::PAGES));
    let shared = Arc::new(connection::Shared { reply, to_show, room, open: Mutex::default() });
    let mut connections = JoinSet::new();
    let (mut shown, mut again) = (0, None);
    let started = Instant::now();
    while args.count.is_none_or(|count| shown < count) {
        tokio::select! {
            knock = knock(&host, again) => match knock {
                Ok(socket) => {
                    again = None;
                    connections.spawn(connection::serve(socket, host.local.clone(), shared.clone()));
                }
                // Others have them, and may let go of them.
                Err(error) if is_passing(&error) => {
                    if again.is_none() {
                        screen.talk(format_args!("{} somebody has to wait: {error}", screen.err.bad("!"), error = Chain(&error)));
                    }
                    again = Some(Instant::now() + PAUSE);
                }
                Err(error) => {
                    return Err(Failure::new(Code::NotReachable, format!("nobody can connect any more: {error}", error = Chain(&error))));
                }
            },
            Some(_) = connections.join_next() => {}
            Some(event) = received.recv() => {
                shown += u64::from(show::event(screen, global, args.all, started, &event)?);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the next who connects, from this moment on.
async fn knock(host: &Host, from: Option<Instant>) -> io::Result<TcpStream> {
    if let Some(from) = from {
        sleep_until(from.into()).await;
    }
    host.knock().await
}

/// Returns `true` for an error that goes away when other connections end: too many descriptors in this process or on
/// this machine, no memory for another socket, and a peer that was gone again.
fn is_passing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::CONNABORTED,
        Errno::INTR,
        Errno::PERM,
        Errno::PROTO,
    ]
    .iter()
    .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
