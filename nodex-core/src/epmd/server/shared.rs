//! The state that the connections of a server share.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::{
    sync::{self, Notify},
    task::{AbortHandle, spawn_blocking},
};

use super::{
    options::Options,
    owners::{Ends, owners},
    registry::Registry,
};
use crate::{
    epmd::Entry,
    limits::{Crowd, Seldom},
};

/// The state that connections share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) killed: Notify,
    /// Held while owners are counted, which takes a while and is done one at a time.
    counting: sync::Mutex<()>,
    refused: Seldom,
    pub(super) not_accepted: Seldom,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) registry: Registry,
    /// Connections without a registration.
    pub(super) waiting: Crowd<AbortHandle>,
    /// Connections that hold a registration, and their ends.
    pub(super) holding: HashMap<u64, (AbortHandle, Ends)>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a node; its connection then no longer counts as idle.
    pub(super) async fn register(&self, entry: Entry, connection: u64, ends: Ends, options: &Options) -> Option<u32> {
        let is_many = || self.state().registry.len() >= options.max_nodes_each;
        // As long as there are few of all, nobody can have too many.
        let _counting = if is_many() { Some(self.counting.lock().await) } else { None };
        if is_many() && !self.may_have_more(ends, options).await {
            if let Some(left_out) = self.refused.admit(Instant::now()) {
                let event = "a node was not registered: its process or its user has too many names";
                tracing::warn!(name = entry.name, left_out, "{event}");
            }
            return None;
        }
        let mut state = self.state();
        if state.registry.len() >= options.max_nodes {
            return None;
        }
        let creation = state.registry.register(entry, connection)?;
        if let Some(task) = state.waiting.leave(connection) {
            state.holding.insert(connection, (task, ends));
        }
        Some(creation)
    }

    /// Returns whether the owner of the other end may register another name.
    async fn may_have_more(&self, ends: Ends, options: &Options) -> bool {
        let mut all: Vec<Ends> = self.state().holding.values().map(|(_, ends)| *ends).collect();
        all.push(ends);
        let Ok(owners) = spawn_blocking(move || owners(&all)).await else { return false };
        let Some((owner, others)) = owners.split_last() else { return false };
        let its_own = others.iter().filter(|other| owner.is(other)).count();
        let of_user = others.iter().filter(|other| owner.user.is_some() && owner.user == other.user).count();
        its_own < options.max_nodes_each && of_user < (options.max_nodes * 3).div_ceil(4)
    }

    /// Ends the connection that holds a name. Returns `false` if no connection does.
    pub(super) fn stop(&self, name: &str) -> bool {
        let mut state = self.state();
        let Some(connection) = state.registry.holder(name) else { return false };
        state.registry.unregister(connection);
        if let Some((task, _)) = state.holding.remove(&connection) {
            task.abort();
        }
        true
    }

    /// Ends connections until at most `keep` are without a registration.
    pub(super) fn make_room(&self, keep: usize) {
        let mut state = self.state();
        while state.waiting.len() > keep {
            if let Some((_, task)) = state.waiting.evict() {
                task.abort();
            }
        }
    }
}
