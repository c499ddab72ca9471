//! The main function of a node executable, which `nodex::main!` calls.
//!
//! It follows the contract of C nodes that a host starts: four arguments, three lines on stdout, one hidden connection
//! to the host, exit when the link is lost.

use std::{
    error::Error,
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    pin::pin,
    process::ExitCode,
    sync::Arc,
};

use futures::future::{Either, select};
use tokio_util::sync::CancellationToken;

use super::{
    arguments::{self, ArgumentError, Arguments},
    drain_time,
    log::log_to_stderr,
    panic_hook, parent,
    surroundings::ready_process,
};
use crate::{
    error::Chain,
    net::{ConnectError, LinkEnd, connect_to_host, thread::LAST},
    node::{
        api::{builder::NodeBuilder, node::Node},
        connection::{
            drain,
            establish::{Drive, establish},
            inner::Inner,
        },
        inbound::Dispatch,
        service::panics,
        shared::Identity,
    },
    protocol::handshake::{HandshakeError, SETUP_TIME},
    term::Atom,
    text::is_visible,
};

/// The exit statuses of a node executable other than 0, which means an end by the link, a signal or the end of stdin.
pub mod exit_status {
    /// The host cannot be connected to, or the node cannot be built.
    pub const FAILED: u8 = 1;
    /// The peer broke the protocol, and the link was closed.
    pub const BREACH: u8 = 3;
    /// A service ended whose type ends the node.
    pub const SERVICE_ENDED: u8 = 4;
}

/// Runs a node executable from its arguments to its end, and returns its exit status.
///
/// `nodex::main!` expands to a call of this function. Without macros, call it from your own `main`:
///
/// ```no_run
/// use nodex_core::node::{self, Functions};
///
/// fn main() -> std::process::ExitCode {
///     node::main(|node| Ok(node.service(Functions::new().add("double", |n: i64| n.checked_mul(2)))))
/// }
/// ```
///
/// The four arguments are `<sname> <hostname> <cookie> <tname>`. With any other number, and with `-h` or `--help`, it
/// prints the usage and returns 0. The node connects to `tname@hostname` and prints the lines `initialising <node>`,
/// `connecting to <host's node>` and `<node> ready`, each as soon as it is true. After that it prints nothing, unless
/// `NODEX_LOG` asks for a log.
///
/// It returns 0 when the link is lost, at SIGTERM and SIGINT, and at the end of stdin if that is a pipe or a socket. It
/// prints one line on stderr and returns a status of [`exit_status`] when the node cannot be built or cannot connect,
/// when the peer breaks the protocol, and when a service ends whose type ends the node.
///
/// When it returns, services and their states have been dropped, except for what a handler uses that did not finish in
/// time ([`NodeBuilder::drain`]). The process is ended from within only if such a handler prevents the node from
/// ending, or at a second signal.
pub fn main<F>(configure: F) -> ExitCode
where
    F: FnOnce(NodeBuilder) -> Result<NodeBuilder, Box<dyn Error + Send + Sync>>,
{
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    main_with(&program.to_string_lossy(), arguments, configure)
}

/// Like [`main`], for a program that is a node only in some invocations: takes the arguments for the node, and the name
/// of the program for the usage.
pub fn main_with<F>(program: &str, arguments: impl IntoIterator<Item = OsString>, configure: F) -> ExitCode
where
    F: FnOnce(NodeBuilder) -> Result<NodeBuilder, Box<dyn Error + Send + Sync>>,
{
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(ArgumentError::Usage) => {
            say(&arguments::usage(program));
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&Chain(&error)),
    };
    if let Err(error) = log_to_stderr() {
        return fail(&Chain(&error));
    }
    if let Err(error) = ready_process() {
        return fail(&Chain(&error));
    }
    // Before anything that may take its time, and before there is anything to stop.
    let watch = match parent::watch() {
        Ok(watch) => watch,
        Err(error) => return fail(&format_args!("signals cannot be watched: {}", Chain(&error))),
    };
    match configure(NodeBuilder::new()) {
        Ok(builder) => run(&arguments, builder, &watch),
        Err(error) => fail(&Chain(&*error)),
    }
}

fn run(arguments: &Arguments, builder: NodeBuilder, watch: &parent::Watch) -> ExitCode {
    let (name, target) = (arguments.name(), arguments.target());
    let drain = match drain_time::from_environment() {
        Ok(drain) => drain.or(builder.drain).unwrap_or(drain::DEFAULT_TIME),
        Err(error) => return fail(&Chain(&error)),
    };
    say(&format!("initialising {name}"));
    let inner = match Atom::new(&name) {
        Ok(atom) => match builder.config(Identity::incarnation(atom), arguments.cookie.clone()).and_then(Inner::new) {
            Ok(inner) => Arc::new(inner),
            Err(error) => return fail(&Chain(&error)),
        },
        Err(error) => return fail(&Chain(&error)),
    };
    let (stopping, give_up) = (Arc::downgrade(&inner), CancellationToken::new());
    let armed = watch.arm(drain, give_up.clone(), move |why| {
        tracing::info!(?why, "stopping");
        if let Some(inner) = stopping.upgrade() {
            inner.begin_stop();
        }
    });
    // One thread: a message then never changes threads between the socket and its handler.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format_args!("the runtime cannot be started: {}", Chain(&error))),
    };
    panic_hook::log_panics_of_handlers();
    let end = runtime.block_on(panics::of_handlers(async {
        say(&format!("connecting to {target}"));
        let connecting = pin!(connect_to_host(inner.local(), &target, inner.locate));
        let connected = match select(connecting, pin!(inner.stop.cancelled())).await {
            Either::Left((connected, _)) => connected.map_err(|error| in_words(&name, error))?,
            Either::Right(_) => return Ok(LinkEnd::Shutdown),
        };
        let (peer, serve) =
            establish::<Dispatch>(&inner, connected, Drive::Thread).map_err(|end| Chain(&end).to_string())?;
        armed.link(peer.line.outbox.clone());
        say(&format!("{name} ready"));
        let mut fallen = inner.fallen.subscribe();
        let falls = pin!(async {
            if fallen.wait_for(Option::is_some).await.is_ok() {
                armed.stopping(exit_status::SERVICE_ENDED);
            }
            std::future::pending::<()>().await;
        });
        let end = match select(pin!(serve), select(pin!(give_up.cancelled()), falls)).await {
            Either::Left((end, _)) => end,
            Either::Right((_, serve)) => {
                tracing::warn!(peer = %peer.name(), "the time to stop is over, what still runs is cut off");
                peer.disconnect();
                serve.await
            }
        };
        if end == LinkEnd::Shutdown && !give_up.is_cancelled() {
            // Connections of its own that the node has made.
            Node::from_inner(inner.clone()).stop(LAST).await;
        }
        Ok::<_, String>(end)
    }));
    // Handlers on threads for blocking work are not waited for any longer.
    runtime.shutdown_background();
    let fallen = inner.fallen.borrow().clone();
    if Arc::strong_count(&inner) > 1 {
        tracing::debug!("something that still runs keeps the services");
    }
    // The states may take their time to be dropped, as what follows in `main` may.
    drop(armed);
    drop(inner);
    if let Some(service) = fallen {
        return fail_with(exit_status::SERVICE_ENDED, &service);
    }
    match end {
        Ok(end) if end.is_breach() => {
            fail_with(exit_status::BREACH, &format_args!("the link to {target} was ended: {}", Chain(&end)))
        }
        Ok(end) => {
            tracing::info!(end = %Chain(&end), "the link to the host has ended");
            ExitCode::SUCCESS
        }
        Err(message) => fail(&message),
    }
}

/// Returns the error in terms of the arguments of this node.
fn in_words(name: &str, error: ConnectError) -> String {
    match error {
        ConnectError::Handshake { node, error: HandshakeError::AlreadyConnected { .. } } => {
            format!("the name {name} is taken: {node} has a connection to another node of this name")
        }
        ConnectError::Handshake { node, error: HandshakeError::Nok { .. } } => {
            format!("{node} cannot be connected to: for {SETUP_TIME:?} it was connecting to {name} at the same time")
        }
        error => Chain(&error).to_string(),
    }
}

/// Prints a line on stdout. If the host has closed it, the line is dropped and the node goes on.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn fail(message: &dyn Display) -> ExitCode {
    fail_with(exit_status::FAILED, message)
}

fn fail_with(status: u8, message: &dyn Display) -> ExitCode {
    say_on_stderr(message);
    ExitCode::from(status)
}

/// Prints the message on stderr as one line.
fn say_on_stderr(message: &dyn Display) {
    let mut line = String::from("error: ");
    for c in message.to_string().chars() {
        match is_visible(c) {
            true => line.push(c),
            false => line.extend(c.escape_default()),
        }
    }
    line.push('\n');
    // In one piece.
    let _ = io::stderr().write_all(line.as_bytes());
}
