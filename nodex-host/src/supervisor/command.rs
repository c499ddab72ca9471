//! Requests to a running supervisor.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Child, ChildError, ChildInfo, ChildSpec, StartChildError};
use crate::cnode::SpawnError;

/// The outcome of a start that a caller waits for. Without an error it was cancelled.
pub(super) type Started = oneshot::Receiver<Result<Child, Option<Arc<SpawnError>>>>;

pub(super) enum Command {
    StartChild { spec: Box<ChildSpec>, reply: oneshot::Sender<Result<Started, StartChildError>> },
    RestartChild { id: Arc<str>, reply: oneshot::Sender<Result<Started, ChildError>> },
    TerminateChild { id: Arc<str>, reply: oneshot::Sender<Result<oneshot::Receiver<()>, ChildError>> },
    DeleteChild { id: Arc<str>, reply: oneshot::Sender<Result<(), ChildError>> },
    Child { id: Arc<str>, reply: oneshot::Sender<Option<Child>> },
    WhichChildren { reply: oneshot::Sender<Vec<ChildInfo>> },
    Stop,
}
