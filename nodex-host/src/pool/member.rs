//! The members of a pool.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use nodex_core::{error::SharedError, term::Atom};
use tokio::{sync::Notify, time::timeout};

use crate::{
    cnode::{Cnode, CnodeError},
    supervisor::{Child, ChildState},
};

/// How long a member may take to confirm that it has read what was sent to it.
const FLUSH: Duration = Duration::from_secs(1);

/// The state of a member of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberState {
    /// The member is up and receives calls.
    Up,
    /// The member is up, but its last health check failed.
    Suspect,
    /// [`Pool::restart`](super::Pool::restart) is restarting the member, which receives no more calls.
    Draining,
    /// The member failed, and is being restarted.
    Restarting {
        /// Why.
        reason: SharedError,
    },
    /// The member is down until all members are restarted.
    Down {
        /// Why.
        reason: SharedError,
    },
}

/// Information about a member of a pool.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemberInfo {
    /// The part of its node name before the `@`, by which events name it.
    pub name: Arc<str>,
    /// Its state.
    pub state: MemberState,
    /// Its node, if it is up.
    pub node: Option<Atom>,
    /// Its process id, if it is up and this host started it.
    pub pid: Option<u32>,
    /// The number of running calls.
    pub under_way: usize,
    /// The number of calls that have ended since the pool was started, without casts and messages.
    pub calls: u64,
    /// How many of them failed.
    pub failed: u64,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Arc<str>,
    child: Child,
    /// Together with `draining`: a call counts itself and then checks `draining`; a restart sets `draining` and then
    /// counts, so no call is missed.
    under_way: AtomicUsize,
    draining: AtomicBool,
    suspect: Arc<AtomicBool>,
    calls: AtomicU64,
    failed: AtomicU64,
    /// Whether a cast or a message was sent to it.
    sent: AtomicBool,
    idle: Notify,
}

impl Member {
    pub(super) fn new(child: Child, suspect: Arc<AtomicBool>) -> Member {
        Member {
            name: child.id().into(),
            child,
            under_way: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            suspect,
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            sent: AtomicBool::new(false),
            idle: Notify::new(),
        }
    }

    pub(super) fn child(&self) -> &Child {
        &self.child
    }

    pub(super) fn takes_calls(&self) -> bool {
        !self.draining.load(Ordering::SeqCst) && self.child.is_connected()
    }

    /// Returns whether it will receive calls again by itself.
    pub(super) fn is_to_come(&self) -> bool {
        self.draining.load(Ordering::SeqCst) || !matches!(self.child.state(), ChildState::Down { .. })
    }

    /// Returns the load; the member with the least receives the next call.
    pub(super) fn load(&self) -> (bool, usize) {
        (self.suspect.load(Ordering::Relaxed), self.under_way())
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Adds a call, unless the member receives no more calls.
    pub(super) fn enter(&self) -> Option<(Cnode, UnderWay<'_>)> {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay(self);
        if !self.takes_calls() {
            return None;
        }
        Some((self.child.cnode()?, under_way))
    }

    /// Stops new calls. Returns the number of running calls.
    pub(super) fn shut(&self) -> usize {
        self.draining.store(true, Ordering::SeqCst);
        self.under_way()
    }

    pub(super) fn open(&self) {
        // What was found about the one before says nothing about the new one.
        self.suspect.store(false, Ordering::Relaxed);
        self.draining.store(false, Ordering::SeqCst);
    }

    /// Waits until all its calls have ended. Returns how many have not at the time limit.
    pub(super) async fn idle(&self, limit: Duration) -> usize {
        let idle = async {
            loop {
                let ended = self.idle.notified();
                if self.under_way() == 0 {
                    return;
                }
                ended.await;
            }
        };
        match timeout(limit, idle).await {
            Ok(()) => 0,
            Err(_) => self.under_way(),
        }
    }

    /// Waits until it has read casts and messages: a request sent after them is answered after them.
    pub(super) async fn flush(&self) {
        if self.sent.swap(false, Ordering::Relaxed)
            && let Some(cnode) = self.child.cnode()
        {
            // One that does not answer has had its time.
            let _ = cnode.ping(FLUSH).await;
        }
    }

    pub(super) fn info(&self) -> MemberInfo {
        let cnode = self.child.cnode();
        let state = match self.child.state() {
            _ if self.draining.load(Ordering::SeqCst) => MemberState::Draining,
            ChildState::Up(_) if self.suspect.load(Ordering::Relaxed) => MemberState::Suspect,
            ChildState::Up(_) => MemberState::Up,
            ChildState::Restarting { reason } => MemberState::Restarting { reason },
            ChildState::Down { reason } => MemberState::Down { reason },
        };
        MemberInfo {
            name: self.name.clone(),
            state,
            node: cnode.as_ref().map(|cnode| cnode.node().clone()),
            pid: cnode.as_ref().and_then(Cnode::pid),
            under_way: self.under_way(),
            calls: self.calls.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

/// A running call of a member. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay<'a>(&'a Member);

impl UnderWay<'_> {
    /// Counts a call that has ended.
    pub(super) fn ended<T>(self, result: Result<T, CnodeError>) -> Result<T, CnodeError> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        if result.is_err() {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// Records a message that has no answer.
    pub(super) fn sent(self, result: Result<(), CnodeError>) -> Result<(), CnodeError> {
        self.0.sent.store(true, Ordering::Relaxed);
        result
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.0.under_way.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
