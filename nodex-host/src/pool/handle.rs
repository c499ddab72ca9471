//! [`Pool`].

use std::{fmt, sync::Arc, time::Duration};

use nodex_core::{
    convert::{FromTerm, IntoTerm},
    node::Subscription,
};

use super::{MemberInfo, member::UnderWay, members::Members};
use crate::{
    cnode::{CALL_TIMEOUT, Cnode, CnodeError},
    supervisor::{Ended, Supervisor, SupervisorEvent},
};

/// Identical nodes behind one name. A call goes to the member with the fewest running calls.
///
/// Cheap to clone. The pool and its members end with [`stop`](Self::stop), or when the last clone is dropped.
///
/// ```no_run
/// # async fn run(net: nodex_host::Distributed) -> Result<(), Box<dyn std::error::Error>> {
/// use nodex_core::atom;
/// use nodex_host::{Cnode, Pool};
///
/// let pool = Pool::builder("calc", Cnode::builder("priv/calc")).size(4).start(&net).await?;
/// let five: i64 = pool.request((atom!("add"), 2, 3)).await?;
/// for member in pool.members() {
///     println!("{}: {:?}, {} calls", member.name, member.state, member.calls);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) supervisor: Supervisor,
    pub(super) members: Arc<Members>,
    pub(super) drain_timeout: Duration,
}

impl Pool {
    /// Returns the name of the pool.
    pub fn name(&self) -> &str {
        &self.0.members.name
    }

    /// Sends a request to the least busy member: see [`Cnode::request`]. While no member is up, it waits for one within
    /// the time limit. A request is never sent twice.
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
        let (cnode, under_way, rest) = self.member(limit).await?;
        under_way.ended(cnode.request_timeout(message, rest).await)
    }

    /// Calls the least busy member: see [`Cnode::call`]. Waits as [`request`](Self::request) does.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request), and an error when no process has the registered name.
    pub async fn call<R: FromTerm>(&self, request: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, under_way, rest) = self.member(limit).await?;
        under_way.ended(cnode.call(request, rest).await)
    }

    /// Sends a cast to the least busy member: see [`Cnode::cast`]. Waits up to 5 s for one that is up.
    ///
    /// # Errors
    /// Returns an error when no member is up, or the request cannot be encoded.
    pub async fn cast(&self, request: impl IntoTerm) -> Result<(), CnodeError> {
        let (cnode, under_way, _) = self.member(CALL_TIMEOUT).await?;
        under_way.sent(cnode.cast(request).await)
    }

    /// Sends a message to the least busy member: see [`Cnode::send`]. Waits up to 5 s for one that is up.
    ///
    /// # Errors
    /// Returns an error when no member is up, or the message cannot be encoded.
    pub async fn send(&self, message: impl IntoTerm) -> Result<(), CnodeError> {
        let (cnode, under_way, _) = self.member(CALL_TIMEOUT).await?;
        under_way.sent(cnode.send(message).await)
    }

    /// Returns the state of each member, in the order of their names.
    pub fn members(&self) -> Vec<MemberInfo> {
        self.0.members.list.iter().map(|member| member.info()).collect()
    }

    /// Returns how many calls wait for a member that is up.
    pub fn waiting(&self) -> usize {
        self.0.members.waiting()
    }

    /// Subscribes to the events of the members from now on.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.0.supervisor.subscribe()
    }

    /// Stops all members and ends the pool. Running calls fail. Returns why the pool ended, which is not
    /// [`Ended::Stopped`] if it was already ending.
    pub async fn stop(&self) -> Ended {
        self.0.supervisor.stop().await
    }

    /// Waits until the pool has ended, and returns why.
    pub async fn ended(&self) -> Ended {
        self.0.supervisor.ended().await
    }

    /// Returns a member that is up, with its new call, and the rest of the time.
    async fn member(&self, limit: Duration) -> Result<(Cnode, UnderWay<'_>, Duration), CnodeError> {
        let ended = || self.0.supervisor.has_ended();
        self.0.members.wait(limit, ended).await
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("name", &self.0.members.name).finish_non_exhaustive()
    }
}
