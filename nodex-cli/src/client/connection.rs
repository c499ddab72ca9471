//! This command as a node that is connected with one other.

use std::{sync::Arc, time::Duration};

use nodex_core::{
    node::{Node, Peer},
    term::{Atom, Term},
};
use tokio::time::{Instant, timeout_at};

use super::{cookie::cookie, join::join};
use crate::{
    failure::{Code, Failure},
    lifetime::print_until,
    options::Global,
    output::Untrusted,
    terms::{Incarnation, complete},
};

/// How long writing the rest of the output may take at the end.
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

    /// Returns the full name of the node that this one is connected with.
    pub(crate) fn target(&self) -> &Atom {
        self.peer.name()
    }

    /// Returns the name of that node as it is shown.
    pub(crate) fn shown(&self) -> Untrusted {
        Untrusted::new(self.target().as_str())
    }

    /// Returns the term with the creation of that node where it is missing.
    pub(crate) fn complete(&self, term: Term, global: &Global) -> Result<Term, Failure> {
        let of = Incarnation { node: self.target(), creation: self.peer.creation() };
        complete(term, Some(of), global)
    }

    /// What is left of the time.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
    }

    /// The reply has arrived: the rest of the time is for reading and printing it.
    pub(crate) fn print_in_time(&self, global: &Global) {
        print_until(self.deadline.into_std(), global);
    }

    /// Ends the connection once all is written.
    pub(crate) async fn close(self) {
        self.node.stop(GRACE).await;
    }
}
