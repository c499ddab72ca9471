//! A pool as its program sees it.

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

/// Identical nodes behind one name. Cheap to clone; it ends with [`stop`](Self::stop) or with its last clone, and all
/// its members end with it.
#[derive(Clone)]
pub struct Pool(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) supervisor: Supervisor,
    pub(super) members: Arc<Members>,
    pub(super) drain_timeout: Duration,
}

impl Pool {
    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.0.members.name
    }

    /// [`Cnode::request`] to the least busy member. While no member is up, it waits for one, within its time; what
    /// has been sent once is not sent again.
    ///
    /// # Errors
    /// Why there is no reply, or why it is not an `R`.
    pub async fn request<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CnodeError> {
        self.request_timeout(message, CALL_TIMEOUT).await
    }

    /// [`request`](Self::request) with another time limit.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn request_timeout<R: FromTerm>(&self, message: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, under_way, rest) = self.member(limit).await?;
        under_way.ended(cnode.request_timeout(message, rest).await)
    }

    /// [`Cnode::call`] to the least busy member; waits as [`request`](Self::request) does.
    ///
    /// # Errors
    /// As [`request`](Self::request), and when no process has the registered name.
    pub async fn call<R: FromTerm>(&self, request: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, under_way, rest) = self.member(limit).await?;
        under_way.ended(cnode.call(request, rest).await)
    }

    /// [`Cnode::cast`] to the least busy member; waits up to 5 s for one that is up.
    ///
    /// # Errors
    /// Returns an error when none is up or the request cannot be encoded.
    pub async fn cast(&self, request: impl IntoTerm) -> Result<(), CnodeError> {
        let (cnode, under_way, _) = self.member(CALL_TIMEOUT).await?;
        under_way.sent(cnode.cast(request).await)
    }

    /// [`Cnode::send`] to the least busy member; waits up to 5 s for one that is up.
    ///
    /// # Errors
    /// Returns an error when none is up or the message cannot be encoded.
    pub async fn send(&self, message: impl IntoTerm) -> Result<(), CnodeError> {
        let (cnode, under_way, _) = self.member(CALL_TIMEOUT).await?;
        under_way.sent(cnode.send(message).await)
    }

    /// Returns how it is with each member, in the order of their names.
    pub fn members(&self) -> Vec<MemberInfo> {
        self.0.members.list.iter().map(|member| member.info()).collect()
    }

    /// Returns how many calls wait for a member that is up.
    pub fn waiting(&self) -> usize {
        self.0.members.waiting()
    }

    /// Returns all events of its members from now on.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.0.supervisor.subscribe()
    }

    /// Stops all members and ends. Calls under way fail. Gives the reason of the end, which is another than
    /// [`Ended::Stopped`] when it had begun before.
    pub async fn stop(&self) -> Ended {
        self.0.supervisor.stop().await
    }

    /// Waits until it has ended, and tells why.
    pub async fn ended(&self) -> Ended {
        self.0.supervisor.ended().await
    }

    /// Returns a member that is up, the call that it now has, and what is left of the time.
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
