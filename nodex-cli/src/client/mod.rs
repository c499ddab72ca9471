//! This command as a node: hidden, not registered anywhere, gone when the command ends.

mod cookie_file;
mod failures;
mod join;
mod rex;

use std::{io, sync::Arc, time::Duration};

use nodex_core::{
    node::{CookieSourceError, Node, Peer, StartError},
    protocol::{Cookie, handshake::check_own_name},
    term::{Atom, Term},
};
use nodex_host::distributed::random_cookie;
use tokio::time::{Instant, timeout_at};

use cookie_file::source;
pub(crate) use cookie_file::{Origin, cookie_of_erl, cookie_origin};
use failures::to_itself;
pub(crate) use failures::{call_failure, connect_failure, epmd_failure};
use join::join;
pub(crate) use join::{full_name, is_taken, no_name_is_free, own_names};
pub(crate) use rex::badrpc;

use crate::{
    cli::Global,
    command::{Incarnation, complete, print_until},
    failure::{Code, Failure},
    output::Untrusted,
};

/// How long what is to be written may take when all is done.
const GRACE: Duration = Duration::from_secs(1);

/// A node that connects to one other.
pub(crate) struct Client {
    pub(crate) node: Node,
    pub(crate) peer: Arc<Peer>,
    /// When the command's time is up.
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
}

impl Client {
    /// Connects to the node of this name; one without `@` is a node of this host.
    pub(crate) async fn connect(target: &str, global: &Global) -> Result<Client, Failure> {
        let cookie = cookie(global)?;
        let deadline = Instant::now() + global.timeout;
        let Ok(joined) = timeout_at(deadline, join(target, &cookie, global)).await else {
            let message = format!("{target} did not let this node in within {:?}", global.timeout);
            return Err(Failure::new(Code::TimeOut, message).hint("--timeout gives it more time"));
        };
        let (node, peer) = joined?;
        Ok(Client { node, peer, deadline, timeout: global.timeout })
    }

    /// The full name of the node that this one is connected with.
    pub(crate) fn target(&self) -> &Atom {
        self.peer.name()
    }

    /// The name of that node as it is shown.
    pub(crate) fn shown(&self) -> Untrusted {
        Untrusted::new(self.target().as_str())
    }

    /// The term with the creation of that node where it is missing.
    pub(crate) fn complete(&self, term: Term, global: &Global) -> Result<Term, Failure> {
        let of = Incarnation { node: self.target(), creation: self.peer.creation() };
        complete(term, Some(of), global)
    }

    /// What is left of the time.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// The answer is there: what is left of the time is for reading and printing it.
    pub(crate) fn print_in_time(&self, global: &Global) {
        print_until(self.deadline.into_std(), global);
    }

    /// Ends the connection once all is written.
    pub(crate) async fn close(self) {
        self.node.stop(GRACE).await;
    }
}

/// The cookie that all nodes of a cluster know; tells if others can read it.
pub(crate) fn cookie(global: &Global) -> Result<Cookie, Failure> {
    let cookie = source(global).read().map_err(cookie_failure)?;
    cookie_file::warn(global);
    Ok(cookie)
}

/// The same for a host of nodes that are started by it: a random one if the user has none.
pub(crate) fn cookie_or_random(global: &Global) -> Result<Cookie, Failure> {
    match source(global).read() {
        Err(CookieSourceError::None) => Ok(random_cookie()?),
        _ => cookie(global),
    }
}

/// The cookie, without a word about it.
pub(crate) fn read_cookie(global: &Global) -> Result<Cookie, CookieSourceError> {
    source(global).read()
}

/// The name that this command was told to have among the nodes, in full.
pub(crate) fn own_name(global: &Global) -> Result<Option<String>, Failure> {
    let Some(name) = &global.name else { return Ok(None) };
    let name = full_name(name);
    match check_own_name(&name) {
        Ok(()) => Ok(Some(name)),
        Err(problem) => Err(start_failure(StartError::Name { name, problem })),
    }
}

/// The same, which cannot be the name of the node that it talks to.
pub(crate) fn own_name_to(target: &str, global: &Global) -> Result<Option<String>, Failure> {
    let Some(own) = own_name(global)? else { return Ok(None) };
    let is_target = match own.split_once('@') {
        // A node of this host, whichever way it writes that.
        Some((alive, host)) if !target.contains('@') => {
            alive == target && (host == host_name() || matches!(host, "127.0.0.1" | "localhost"))
        }
        _ => own == target,
    };
    if is_target {
        return Err(to_itself(&own));
    }
    Ok(Some(own))
}

/// The short name of this machine.
pub(crate) fn host_name() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    host.split('.').next().filter(|host| !host.is_empty()).unwrap_or("localhost").to_owned()
}

fn start_failure(error: StartError) -> Failure {
    Failure::new(Code::Usage, error.to_string()).hint("--name chooses the name of this command among the nodes")
}

fn cookie_failure(error: CookieSourceError) -> Failure {
    let failure = Failure::new(Code::Refused, error.to_string());
    match &error {
        CookieSourceError::None => {
            failure.hint("it has to be the cookie of the other node; --cookie-file names a file")
        }
        CookieSourceError::Read { path, error } if error.kind() == io::ErrorKind::NotFound => {
            failure.hint(format!("write the cookie of the other node to {}", path.display()))
        }
        _ => failure,
    }
}
