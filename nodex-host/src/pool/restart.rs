//! Rolling restarts.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use super::{Pool, RestartError, handle::Inner, member::Member, members::Members};
use crate::supervisor::{Change, ChildError};

/// The outcome of [`Pool::restart`](super::Pool::restart).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restarted {
    /// The number of members, all of which were restarted.
    pub members: usize,
    /// The number of calls that were cut short because they were not answered in time.
    pub cut_short: usize,
}

impl Pool {
    /// Restarts all members, one after the other, without failing a call. A member receives no more calls, answers its
    /// running calls, and is stopped and started again; the next one follows when it is up. If a pool has only one
    /// member, calls wait for it. A call that takes longer than
    /// [`PoolBuilder::drain_timeout`](super::PoolBuilder::drain_timeout) is cut short.
    ///
    /// A restart continues when the future is dropped. A second restart follows the first.
    ///
    /// # Errors
    /// Returns an error when a member cannot be started: it stays down, and the members after it run as before. Call
    /// this again when the cause is removed.
    pub async fn restart(&self) -> Result<Restarted, RestartError> {
        let restart = all(Arc::downgrade(&self.0), self.0.members.clone(), self.0.drain_timeout);
        match tokio::spawn(restart).await {
            Ok(result) => result,
            Err(_) => Err(RestartError::Stopped { pool: self.0.members.name.clone() }),
        }
    }
}

/// Restarts all members. It keeps the pool alive only during the stop and start of a member.
async fn all(pool: Weak<Inner>, members: Arc<Members>, drain_timeout: Duration) -> Result<Restarted, RestartError> {
    let _turn = members.restarting.lock().await;
    let mut done = Restarted { members: 0, cut_short: 0 };
    for member in &members.list {
        members.wait_for_another(member).await;
        let _open = Open { member, members: &members };
        let calls = member.shut();
        tell(&pool, member, Change::Draining { calls });
        let left = member.idle(drain_timeout).await;
        member.flush().await;
        tell(&pool, member, Change::Drained { left });
        done.cut_short += left;
        again(&pool, &members, member, done.members).await?;
        done.members += 1;
    }
    Ok(done)
}

fn tell(pool: &Weak<Inner>, member: &Member, change: Change) {
    if let Some(pool) = pool.upgrade() {
        pool.supervisor.tell(&member.name, change);
    }
}

/// Stops a member and starts it again.
async fn again(pool: &Weak<Inner>, members: &Members, member: &Member, restarted: usize) -> Result<(), RestartError> {
    let stopped = || RestartError::Stopped { pool: members.name.clone() };
    let pool = pool.upgrade().ok_or_else(stopped)?;
    pool.supervisor.terminate_child(&member.name).await.map_err(|_| stopped())?;
    match pool.supervisor.restart_child(&member.name).await {
        Ok(_) => Ok(()),
        Err(ChildError::Start { child, error }) => Err(RestartError::Start { member: child, restarted, error }),
        Err(_) => Err(stopped()),
    }
}

/// Lets a member receive calls again, however its restart ended.
struct Open<'a> {
    member: &'a Member,
    members: &'a Members,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.member.open();
        self.members.tell();
    }
}
