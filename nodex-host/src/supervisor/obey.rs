//! Carries out requests to a supervisor.

use std::{sync::Arc, time::Instant};

use tokio::sync::oneshot;

use super::{
    ChildError, ChildSpec, StartChildError,
    command::{Command, Started},
    core::{Fresh, Key, Status},
    driver::Driver,
    entry::Entry,
};

impl Driver {
    /// Carries out a request. If the caller is gone, the answer is dropped.
    pub(super) fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::StartChild { spec, reply } => drop(reply.send(self.start_child(*spec))),
            Command::RestartChild { id, reply } => drop(reply.send(self.restart_child(id, now))),
            Command::TerminateChild { id, reply } => {
                let result = self.find(&id).map(|key| {
                    let waits = oneshot::channel();
                    if let Some(entry) = self.entries.get_mut(&key) {
                        entry.terminating.push(waits.0);
                    }
                    self.core.terminate(key, now);
                    waits.1
                });
                drop(reply.send(result));
            }
            Command::DeleteChild { id, reply } => {
                let result = self.find(&id).and_then(|key| self.is_down(key, id).map(|()| self.core.delete(key, now)));
                drop(reply.send(result));
            }
            Command::Child { id, reply } => {
                let child = self.find(&id).ok().and_then(|key| self.entries.get(&key)).map(Entry::child);
                drop(reply.send(child));
            }
            Command::WhichChildren { reply } => {
                let entries = self.core.children().filter_map(|(key, _)| self.entries.get(&key));
                drop(reply.send(entries.map(Entry::info).collect()));
            }
            Command::Stop => self.core.stop(now),
        }
    }

    fn find(&self, id: &Arc<str>) -> Result<Key, ChildError> {
        let known = self.entries.iter().find(|(_, entry)| entry.spec.id == *id);
        known.map(|(key, _)| *key).ok_or_else(|| ChildError::NotFound { child: id.clone() })
    }

    fn is_down(&self, key: Key, child: Arc<str>) -> Result<(), ChildError> {
        match self.core.status(key) {
            None => Err(ChildError::NotFound { child }),
            Some(Status::Up | Status::Stopping) => Err(ChildError::Running { child }),
            Some(Status::Restarting) => Err(ChildError::Restarting { child }),
            Some(Status::Down) => Ok(()),
        }
    }

    fn start_child(&mut self, spec: ChildSpec) -> Result<Started, StartChildError> {
        let child = spec.id.clone();
        if let Ok(key) = self.find(&child) {
            return Err(match self.core.status(key) {
                Some(Status::Up) => StartChildError::AlreadyStarted { child },
                _ => StartChildError::AlreadyPresent { child },
            });
        }
        if self.core.is_ending() {
            return Err(StartChildError::Stopped { child });
        }
        let key = self.add(spec, Fresh::Added);
        Ok(self.wait_started(key))
    }

    fn restart_child(&mut self, id: Arc<str>, now: Instant) -> Result<Started, ChildError> {
        let key = self.find(&id)?;
        self.is_down(key, id.clone())?;
        if self.core.is_ending() {
            return Err(ChildError::Stopped { child: id });
        }
        self.core.restart(key, now);
        Ok(self.wait_started(key))
    }

    fn wait_started(&mut self, key: Key) -> Started {
        let (sender, started) = oneshot::channel();
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.failure = None;
            entry.starting.push(sender);
        }
        started
    }
}
