//! One member of a pool: whether it takes calls, and how many it has.

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

/// How long a member may take to show that it has read what was sent to it.
const FLUSH: Duration = Duration::from_secs(1);

/// How it is with a member of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberState {
    /// It takes calls.
    Up,
    /// It is up, but its last health check failed.
    Suspect,
    /// It is being restarted by [`Pool::restart`](super::Pool::restart): it gets no more calls.
    Draining,
    /// It failed, and is being restarted.
    Restarting {
        /// Why.
        reason: SharedError,
    },
    /// It is down and stays so until all are restarted.
    Down {
        /// Why.
        reason: SharedError,
    },
}

/// One member of a pool, for those who watch it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemberInfo {
    /// The part of its node name before the `@`, by which events name it.
    pub name: Arc<str>,
    /// How it is with it.
    pub state: MemberState,
    /// Its node, if it is up.
    pub node: Option<Atom>,
    /// Its process, if it is up and was started here.
    pub pid: Option<u32>,
    /// Calls that it has yet to answer.
    pub under_way: usize,
    /// Calls to it that have come to their end since the pool was started; messages without an answer do not count.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: Arc<str>,
    child: Child,
    /// With `draining`: a call counts itself first and looks then, a restart shuts the door first and counts then, so
    /// no call is overlooked.
    under_way: AtomicUsize,
    draining: AtomicBool,
    suspect: Arc<AtomicBool>,
    calls: AtomicU64,
    failed: AtomicU64,
    /// Something was sent to it that no answer tells of.
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

    /// It will take calls again without being asked to.
    pub(super) fn is_to_come(&self) -> bool {
        self.draining.load(Ordering::SeqCst) || !matches!(self.child.state(), ChildState::Down { .. })
    }

    /// Who has less gets the next call.
    pub(super) fn load(&self) -> (bool, usize) {
        (self.suspect.load(Ordering::Relaxed), self.under_way())
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Gives it a call, unless it takes none any more.
    pub(super) fn enter(&self) -> Option<(Cnode, UnderWay<'_>)> {
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let under_way = UnderWay(self);
        if !self.takes_calls() {
            return None;
        }
        Some((self.child.cnode()?, under_way))
    }

    /// No more calls for it. Gives how many it has.
    pub(super) fn shut(&self) -> usize {
        self.draining.store(true, Ordering::SeqCst);
        self.under_way()
    }

    pub(super) fn open(&self) {
        // What was found about the one before says nothing about the new one.
        self.suspect.store(false, Ordering::Relaxed);
        self.draining.store(false, Ordering::SeqCst);
    }

    /// Waits until all its calls have ended; gives how many have not, when the time is over.
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

    /// Waits until it has read what was sent without an answer: a question behind that is answered after it.
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

/// A call that a member has; it ends when this is dropped, however that comes.
#[derive(Debug)]
pub(super) struct UnderWay<'a>(&'a Member);

impl UnderWay<'_> {
    /// Counts a call that has come to its end.
    pub(super) fn ended<T>(self, result: Result<T, CnodeError>) -> Result<T, CnodeError> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        if result.is_err() {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// Remembers a message that nobody answers.
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
