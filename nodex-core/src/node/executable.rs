//! A node executable: what `nodex::main!` runs.
//!
//! Keeps the contract of C nodes that an Elixir or Erlang host starts: four arguments, three lines on stdout, one hidden
//! connection to the host, exit with the link.

use std::{
    error::Error,
    ffi::OsString,
    io::{self, Write},
    pin::pin,
    process::ExitCode,
    sync::Arc,
};

use futures::future::{Either, select};

use super::{Arguments, Builder, arguments, connection, connection::Drive, local::Inner, log_to_stderr, parent};
use crate::{
    dist::handshake::{HandshakeError, SETUP_TIME},
    net::{ConnectError, LinkEnd, connect_to_host},
    term::Atom,
};

/// The exit statuses of a node executable, beside 0: the ordinary end, by the link, a signal or the end of stdin.
pub mod exit_status {
    /// The host cannot be connected to, or the node cannot be built.
    pub const FAILED: u8 = 1;
    /// The link had to be ended because the peer broke the protocol.
    pub const BREACH: u8 = 3;
    /// A service has ended with which the node ends.
    pub const SERVICE_ENDED: u8 = 4;
}

/// Runs a node executable from its arguments to its end, and gives its exit status.
///
/// `nodex::main!` expands to a call of this; without macros, call it from your own `main`:
///
/// ```no_run
/// use nodex_core::node::{self, Functions};
///
/// fn main() -> std::process::ExitCode {
///     node::main(|node| Ok(node.service(Functions::new().add("double", |n: i64| n.checked_mul(2)))))
/// }
/// ```
///
/// The four arguments are `<sname> <hostname> <cookie> <tname>`; any other number, `-h` and `--help` print the usage and
/// exit with 0. The node connects to `tname@hostname` and prints, each line as soon as it is true,
/// `initialising <node>`, `connecting to <host's node>`, `<node> ready`; after that nothing, unless `NODEX_LOG` asks for
/// logs. It exits with 0 when the link is lost, on SIGTERM and SIGINT, and at the end of stdin if that is a pipe or a
/// socket; with 1 and one line on stderr when it cannot connect or be built; and with 3 and such a line when the host broke
/// the protocol, so that the link had to be ended from here.
pub fn main<F>(configure: F) -> ExitCode
where
    F: FnOnce(Builder) -> Result<Builder, Box<dyn Error + Send + Sync>>,
{
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    main_with(&program.to_string_lossy(), arguments, configure)
}

/// [`main`] for a program that is a node only when it is called so: with the arguments that are meant for the node, and
/// what its usage shows as the name of the program.
pub fn main_with<F>(program: &str, arguments: impl IntoIterator<Item = OsString>, configure: F) -> ExitCode
where
    F: FnOnce(Builder) -> Result<Builder, Box<dyn Error + Send + Sync>>,
{
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(super::ArgumentError::Usage) => {
            say(&arguments::usage(program));
            return ExitCode::SUCCESS;
        }
        Err(error) => return fail(&error.to_string()),
    };
    if let Err(error) = log_to_stderr() {
        return fail(&error.to_string());
    }
    match configure(Builder::new()) {
        Ok(builder) => run(&arguments, builder),
        Err(error) => fail(&error.to_string()),
    }
}

fn run(arguments: &Arguments, builder: Builder) -> ExitCode {
    let (name, target) = (arguments.name(), arguments.target());
    say(&format!("initialising {name}"));
    let grace = builder.grace;
    let inner = match Atom::new(&name) {
        Ok(atom) => match Inner::new(atom, arguments.cookie.clone(), builder) {
            Ok(inner) => Arc::new(inner),
            Err(error) => return fail(&error.to_string()),
        },
        Err(error) => return fail(&error.to_string()),
    };
    let stopping = inner.clone();
    if let Err(error) = parent::watch(grace, move |why| {
        tracing::info!(?why, "stopping");
        stopping.stop.cancel();
    }) {
        return fail(&format!("signals cannot be watched: {error}"));
    }
    // One thread: a message then never changes threads between the socket and its handler.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime cannot be started: {error}")),
    };
    log_panics();
    let end = runtime.block_on(async {
        say(&format!("connecting to {target}"));
        let connecting = pin!(connect_to_host(inner.local(), &target, inner.locate));
        let connected = match select(connecting, pin!(inner.stop.cancelled())).await {
            Either::Left((connected, _)) => connected.map_err(|error| in_words(&name, error))?,
            Either::Right(_) => return Ok(LinkEnd::Shutdown),
        };
        let (_, serve) = connection::establish(&inner, connected, Drive::Thread).map_err(|error| error.to_string())?;
        say(&format!("{name} ready"));
        Ok::<_, String>(serve.await)
    });
    // Handlers on threads for blocking work are not waited for.
    runtime.shutdown_background();
    match end {
        Ok(end) if end.is_breach() => {
            say_on_stderr(&format!("the link to {target} was ended: {end}"));
            ExitCode::from(exit_status::BREACH)
        }
        Ok(end) => {
            tracing::info!(%end, "the link to the host has ended");
            ExitCode::SUCCESS
        }
        Err(message) => fail(&message),
    }
}

/// The error in the words of somebody who started this node.
fn in_words(name: &str, error: ConnectError) -> String {
    match error {
        ConnectError::Handshake { node, error: HandshakeError::AlreadyConnected { .. } } => {
            format!("the name {name} is taken: {node} has a connection to another node of this name")
        }
        ConnectError::Handshake { node, error: HandshakeError::Nok { .. } } => {
            format!("{node} cannot be connected to: for {SETUP_TIME:?} it was connecting to {name} at the same time")
        }
        error => error.to_string(),
    }
}

/// A line on stdout. A host that has closed it is told nothing, and that is no reason to end.
fn say(line: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

fn fail(message: &str) -> ExitCode {
    say_on_stderr(message);
    ExitCode::from(exit_status::FAILED)
}

/// One line, whatever is in the message.
fn say_on_stderr(message: &str) {
    let mut line = String::from("error: ");
    for c in message.chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line.push('\n');
    // In one piece.
    let _ = io::stderr().write_all(line.as_bytes());
}

/// A panic of a handler is told to its caller, and to the log; stderr stays silent, as the contract wants.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(message, place, "a handler panicked");
    }));
}
