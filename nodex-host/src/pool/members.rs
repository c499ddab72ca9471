//! Choosing the member for a call, and waiting for one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use nodex_core::error::SharedError;
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, timeout_at},
};

use super::member::{Member, UnderWay};
use crate::{
    cnode::{Cnode, CnodeError},
    supervisor::{ChildState, Ended, after},
};

#[derive(Debug)]
pub(super) struct Members {
    pub(super) name: Arc<str>,
    pub(super) list: Vec<Member>,
    /// Where the search starts, so that equally busy members take turns.
    turn: AtomicUsize,
    waiting: AtomicUsize,
    /// Notified when the state of a member may have changed.
    changed: watch::Sender<()>,
    /// Held during a restart of all members.
    pub(super) restarting: Mutex<()>,
}

impl Members {
    pub(super) fn new(name: Arc<str>, list: Vec<Member>) -> Arc<Members> {
        let members = Arc::new(Members {
            name,
            list,
            turn: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            changed: watch::Sender::new(()),
            restarting: Mutex::new(()),
        });
        for member in &members.list {
            let (mut child, members) = (member.child().clone(), members.clone());
            tokio::spawn(async move {
                // Until the supervisor has ended.
                while child.changed().await.is_some() {
                    members.tell();
                }
                members.tell();
            });
        }
        members
    }

    /// Wakes all waiting calls, to check again.
    pub(super) fn tell(&self) {
        self.changed.send_replace(());
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Adds a call to the least busy member.
    fn pick(&self) -> Option<(Cnode, UnderWay<'_>)> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.list.len().max(1);
        let (before, from) = self.list.split_at(first);
        loop {
            let taking = from.iter().chain(before).filter(|member| member.takes_calls());
            // Of equals the first.
            let picked = taking.min_by_key(|member| member.load())?.enter();
            if picked.is_some() {
                return picked;
            }
        }
    }

    /// Like [`pick`](Self::pick), and waits for a member up to `limit`. Also returns what is left of it.
    pub(super) async fn wait(
        &self,
        limit: Duration,
        ended: impl Fn() -> Option<Ended>,
    ) -> Result<(Cnode, UnderWay<'_>, Duration), CnodeError> {
        if let Some((cnode, under_way)) = self.pick() {
            return Ok((cnode, under_way, limit));
        }
        let deadline = after(limit);
        let _waits = Waits::new(&self.waiting);
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            if let Some((cnode, under_way)) = self.pick() {
                return Ok((cnode, under_way, deadline.saturating_duration_since(Instant::now())));
            }
            if let Some(ended) = ended() {
                return Err(CnodeError::NotRunning { child: self.name.clone(), reason: SharedError::new(ended) });
            }
            if !self.list.iter().any(Member::is_to_come) {
                return Err(CnodeError::NotRunning { child: self.name.clone(), reason: self.reason() });
            }
            if timeout_at(deadline, changed.changed()).await.is_err() {
                return Err(CnodeError::NotUp { child: self.name.clone(), limit, reason: self.reason() });
            }
        }
    }

    /// Waits until another member receives calls, or none of them ever will.
    pub(super) async fn wait_for_another(&self, member: &Member) {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let mut others = self.list.iter().filter(|other| other.name != member.name);
            if others.clone().any(Member::takes_calls) || !others.any(Member::is_to_come) {
                return;
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Returns why no member is up.
    fn reason(&self) -> SharedError {
        let reasons = self.list.iter().filter_map(|member| match member.child().state() {
            ChildState::Restarting { reason } | ChildState::Down { reason } => Some((member, reason)),
            ChildState::Up(_) => None,
        });
        match reasons.last() {
            Some((member, reason)) => SharedError::new(NoMember::Down { member: member.name.clone(), reason }),
            None => SharedError::new(NoMember::Restarting),
        }
    }
}

/// Why no member of a pool takes a call.
#[derive(Debug, thiserror::Error)]
enum NoMember {
    #[error("{member} is not up")]
    Down {
        member: Arc<str>,
        #[source]
        reason: SharedError,
    },
    #[error("all members are being restarted")]
    Restarting,
}

/// Counts a waiting call.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(count: &'a AtomicUsize) -> Waits<'a> {
        count.fetch_add(1, Ordering::Relaxed);
        Waits(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
