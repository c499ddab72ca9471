//! [`Cnode`]: calls, messages, and the watch over its link and its process.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use nodex_core::{
    atom,
    convert::{FromTerm, IntoTerm},
    net::LinkEnd,
    node::{Destination, Peer, ProcessName, Subscription, exit_status},
    term::Atom,
};
use tokio::{sync::watch, time::timeout};

use super::{
    Anything, CnodeError, CnodeEvent, EventKind, NodeDown, NodeProcess, Printed, host::Host, report::Reporter,
};
use crate::process::{Ending, Exit};

/// How long a request waits for its reply by default.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a process may take to end after its link was lost before it is stopped, so that its exit can be reported.
const END_AFTER_LINK: Duration = Duration::from_millis(500);

/// How long the link of a process that has ended may stay open before it is closed.
const LINK_AFTER_END: Duration = Duration::from_secs(1);

/// A running node, and its process if this host started it. Cheap to clone.
///
/// Dropping the last clone stops the process. A node that was already running is left alone.
///
/// ```no_run
/// # async fn run(net: nodex_host::Distributed) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use nodex_core::{atom, term::Atom};
/// use nodex_host::Cnode;
///
/// let calc = Cnode::builder("priv/calc").sname("calc").spawn(&net).await?;
/// let limit = Duration::from_secs(5);
/// let sum: Result<i64, Atom> = calc.call((atom!("add"), 2, 3), limit).await?;
/// assert_eq!(sum, Ok(5));
///
/// // The last lines that it printed, and why it is down, if it is.
/// println!("{}, {:?}", calc.printed(), calc.down_reason());
/// calc.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Cnode(Arc<Running>);

#[derive(Debug)]
struct Running {
    host: Arc<dyn Host>,
    to: Destination,
    peer: Arc<Peer>,
    /// `None` for a node that was already running.
    process: Option<NodeProcess>,
    reporter: Arc<Reporter>,
    /// Set before a stop, so that its effects do not count as a failure of the node.
    stopping: watch::Sender<Option<NodeDown>>,
    down: watch::Receiver<Option<NodeDown>>,
}

impl Cnode {
    pub(super) fn new(
        host: Arc<dyn Host>,
        registered_name: ProcessName,
        peer: Arc<Peer>,
        process: Option<NodeProcess>,
        reporter: Arc<Reporter>,
    ) -> Cnode {
        let (is_down, down) = watch::channel(None);
        let to = peer.process(registered_name);
        let ending = process.as_ref().map(NodeProcess::ending);
        let ours = process.as_ref().is_some_and(NodeProcess::is_ours);
        let stopping = watch::Sender::new(None);
        let watched =
            Watch { peer: peer.clone(), ending, ours, reporter: reporter.clone(), stopping: stopping.subscribe() };
        let running = Running { host, to, peer, process, reporter, stopping, down };
        let cnode = Cnode(Arc::new(running));
        tokio::spawn(watched.run(is_down, Arc::downgrade(&cnode.0)));
        cnode
    }

    /// Returns the full name of the node.
    pub fn node(&self) -> &Atom {
        self.0.to.node()
    }

    /// Returns the process id, if this host started the process.
    pub fn pid(&self) -> Option<u32> {
        self.0.process.as_ref().map(NodeProcess::pid)
    }

    /// Returns the connection with the node.
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// Subscribes to the events of the node from now on.
    pub fn subscribe(&self) -> Subscription<CnodeEvent> {
        self.0.reporter.subscribe()
    }

    /// Returns the last lines that it printed.
    pub fn printed(&self) -> Printed {
        self.0.reporter.printed()
    }

    /// Sends a plain message and waits up to 5 s for the reply, as C nodes are called.
    ///
    /// The reply is the first message to the pid of the request. Every request has a pid of its own, so concurrent
    /// requests each receive their own reply, and a late reply is dropped.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`.
    pub async fn request<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CnodeError> {
        self.request_timeout(message, CALL_TIMEOUT).await
    }

    /// Like [`request`](Self::request), with a time limit.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request).
    pub async fn request_timeout<R: FromTerm>(&self, message: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        match self.0.host.node().request_kept(&self.0.peer, &self.0.to, message, limit).await {
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Calls the registered name of the node as `GenServer.call` does.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request), and an error when no process has that name.
    pub async fn call<R: FromTerm>(&self, request: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        match self.0.host.node().call_kept(&self.0.peer, &self.0.to, request, limit).await {
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Sends a cast to the registered name of the node, like `GenServer.cast`. Nothing tells whether it arrives.
    ///
    /// # Errors
    /// Returns an error when the node is down or the request cannot be encoded.
    pub async fn cast(&self, request: impl IntoTerm) -> Result<(), CnodeError> {
        match self.0.host.node().cast(self.to(), request).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Sends a plain message to the registered name of the node. Nothing tells whether it arrives.
    ///
    /// # Errors
    /// Returns an error when the node is down or the message cannot be encoded.
    pub async fn send(&self, message: impl IntoTerm) -> Result<(), CnodeError> {
        match self.0.host.node().send(self.to(), message).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Returns why the node is down; `None` while it is up.
    pub fn down_reason(&self) -> Option<NodeDown> {
        self.0.down.borrow().clone()
    }

    /// Waits until the node is down, and returns why.
    pub async fn down(&self) -> NodeDown {
        let mut down = self.0.down.clone();
        match down.wait_for(Option::is_some).await.map(|down| down.clone()) {
            Ok(Some(down)) => down,
            // The watch went with its runtime.
            _ => NodeDown::Stopped,
        }
    }

    /// Stops the node: its process group by end of stdin, SIGTERM, the grace period and SIGKILL. A node that was
    /// already running is only disconnected. Returns how the process ended, if there is one.
    pub async fn stop(&self) -> Option<Exit> {
        self.0.is_stopped(NodeDown::Stopped);
        let exit = match &self.0.process {
            Some(process) => Some(process.stop().await),
            None => {
                self.0.peer.disconnect();
                None
            }
        };
        // Its name can be used again when this returns.
        self.down().await;
        exit
    }

    /// Checks that the node answers, with the request of `net_adm:ping/1`. Any answer counts, because nodes on `ei` do
    /// not know this request.
    ///
    /// # Errors
    /// Returns an error when no answer arrives in time, or the node is down.
    pub async fn ping(&self, limit: Duration) -> Result<(), CnodeError> {
        let node = self.0.host.node();
        let to = (atom!("net_kernel"), self.node().clone());
        match node.call::<Anything>(to, (atom!("is_auth"), node.name().clone()), limit).await {
            Ok(_) | Err(nodex_core::node::CallError::NoProcess) => Ok(()),
            Err(error) => Err(self.explain(error).await),
        }
    }

    /// Returns `true` if both are handles of the same start of a node.
    pub(crate) fn is_same(&self, other: &Cnode) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Begins to stop the node, for a reason that its calls return.
    pub(crate) fn fail(&self, down: NodeDown) {
        self.0.is_stopped(down);
        self.0.peer.disconnect();
        if let Some(process) = &self.0.process {
            process.begin_stop();
        }
    }

    fn to(&self) -> Destination {
        self.0.to.clone()
    }

    /// Replaces the error of a missing connection by the reason why the node is down.
    #[cold]
    async fn explain(&self, error: nodex_core::node::CallError) -> CnodeError {
        use nodex_core::node::CallError as Core;
        match error {
            Core::NoConnection | Core::Connect(_) if self.0.peer_is_gone() => {
                CnodeError::Down { node: self.node().clone(), down: self.down().await }
            }
            source => CnodeError::Call { node: self.node().clone(), source },
        }
    }
}

impl Running {
    /// Records why the node was stopped. The first reason counts.
    fn is_stopped(&self, down: NodeDown) {
        self.stopping.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(down);
            first
        });
    }

    /// Returns whether this connection has ended, whatever has connected under the name since.
    fn peer_is_gone(&self) -> bool {
        self.host.node().peer(self.peer.name()).is_none_or(|current| !Arc::ptr_eq(&current, &self.peer))
    }
}

/// Watches the link and the process until one of them ends.
struct Watch {
    peer: Arc<Peer>,
    ending: Option<Ending>,
    /// Whether it is built with nodex, so that its exit status has a meaning.
    ours: bool,
    reporter: Arc<Reporter>,
    stopping: watch::Receiver<Option<NodeDown>>,
}

impl Watch {
    async fn run(self, is_down: watch::Sender<Option<NodeDown>>, running: Weak<Running>) {
        let down = match &self.ending {
            None => NodeDown::LinkLost { reason: self.peer.ended().await },
            Some(ending) => {
                // In this order: what the process says of its end is more than what its connection says.
                let (exit, link) = tokio::select! {
                    biased;
                    exit = ending.ended() => (Some(exit), timeout(LINK_AFTER_END, self.peer.ended()).await.ok()),
                    reason = self.peer.ended() => (timeout(END_AFTER_LINK, ending.ended()).await.ok(), Some(reason)),
                };
                match (exit, link) {
                    (Some(exit), Some(reason)) => self.cause(exit, reason).await,
                    (Some(exit), None) => {
                        // A grandchild may hold the socket.
                        self.peer.disconnect();
                        self.meaning(exit).await
                    }
                    (None, reason) => {
                        if let Some(process) = running.upgrade().as_ref().and_then(|running| running.process.as_ref()) {
                            process.begin_stop();
                        }
                        NodeDown::LinkLost { reason: reason.unwrap_or(LinkEnd::Closed) }
                    }
                }
            }
        };
        // Without an owner no other state can have been requested.
        let unowned = (running.strong_count() == 0).then_some(NodeDown::Stopped);
        let down = self.stopping.borrow().clone().or(unowned).unwrap_or(down);
        self.reporter.send(EventKind::Down(down.clone()));
        is_down.send_replace(Some(down));
    }
}

/// How long reading the last lines of a process that has ended may take.
const LAST_LINES: Duration = Duration::from_millis(500);

impl Watch {
    /// Returns which of the two is the cause. A node whose link is lost exits with status 0 by contract, so that status
    /// is a cause only if this host did not end the link.
    async fn cause(&self, exit: Exit, link: LinkEnd) -> NodeDown {
        let by_node = matches!(link, LinkEnd::Closed | LinkEnd::Io { .. });
        if exit == Exit::Status(0) && !by_node { NodeDown::LinkLost { reason: link } } else { self.meaning(exit).await }
    }

    /// Returns what this exit of a process means. Its output was reported before.
    async fn meaning(&self, exit: Exit) -> NodeDown {
        let _ = timeout(LAST_LINES, self.reporter.all_read()).await;
        const BREACH: i32 = exit_status::BREACH as i32;
        const SERVICE_ENDED: i32 = exit_status::SERVICE_ENDED as i32;
        let Exit::Status(status @ (BREACH | SERVICE_ENDED)) = exit else { return NodeDown::Exited { exit } };
        // A node says what for. A handler that ends its process with the same status does not.
        match self.reporter.printed().last_error().filter(|_| self.ours) {
            Some(cause) if status == BREACH => NodeDown::Breach { cause: cause.into() },
            Some(cause) => NodeDown::ServiceEnded { cause: cause.into() },
            None => NodeDown::Exited { exit },
        }
    }
}
