//! Calls of this node that wait for their replies.

use std::{
    future::poll_fn,
    mem,
    sync::{Arc, Weak},
    task::Poll,
};

use tokio::{runtime::Handle, time::sleep_until};

use super::{inner::Inner, peer::Peer};
use crate::{
    node::{
        moment::Moment,
        number::Number,
        process::{
            alarm::{Expire, Next},
            exit_policy::NORMAL,
            waiting::{Completed, Outcome, ReplyFilter, ReplyId},
        },
        shared::Shared,
    },
    term::RawTerm,
};

impl Inner {
    /// Passes an outcome that came over this connection to the call that waits for it, or a message to its mailbox.
    pub(in crate::node) fn complete_reply(&self, id: Number, outcome: Outcome, peer: &Peer) {
        match self.registry.table.complete(id, outcome, peer.line.id) {
            Completed::Done { watched: true } => self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None)),
            Completed::Mail(letters, message) => letters.put(&message, &peer.line),
            Completed::Done { watched: false } | Completed::Dropped => {}
        }
    }

    /// Closes the pid of a call that no longer waits, or of a mailbox.
    pub(in crate::node) fn close_reply(&self, id: ReplyId) {
        if self.registry.table.close(id) {
            self.notify_watchers(id.number, &RawTerm::from_slice(NORMAL, None));
        }
    }

    /// Opens a reply pid for a call over this connection, until this time. Returns a guard that closes it when it is
    /// dropped. The outcome is to be asked for in the same turn of the task, see [`OpenReply::outcome`].
    pub(in crate::node) async fn open_reply(
        self: &Arc<Self>,
        peer: &Peer,
        wants: ReplyFilter,
        until: Moment,
    ) -> OpenReply<'_> {
        poll_fn(|context| {
            let (table, connection) = (&self.registry.table, (peer.line.id, peer.serials()));
            let (id, sooner) = table.open(connection, wants, context.waker().clone(), until);
            if sooner {
                self.set_alarm();
            }
            Poll::Ready(OpenReply { inner: self, id, fresh: true, over: false })
        })
        .await
    }

    #[cold]
    fn set_alarm(self: &Arc<Self>) {
        let limits: Weak<dyn Expire> = Arc::downgrade(self) as Weak<Inner>;
        if !self.alarm.set(limits.clone()) {
            tracing::error!("no thread for the time limits of calls; a task looks after them");
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(expire_in_time(limits));
            }
        }
    }
}

/// Does what the thread of the alarm does, if there is none.
async fn expire_in_time(limits: Weak<dyn Expire>) {
    while let Some(next) = limits.upgrade().map(|limits| limits.expire(Moment::now())) {
        if next.at == Moment::NEVER {
            return;
        }
        sleep_until(next.at.max(Moment::now().plus(next.pause)).instant()).await;
    }
}

impl Expire for Inner {
    fn expire(&self, now: Moment) -> Next {
        let (watched, next) = self.registry.table.expire(now);
        for id in watched {
            self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None));
        }
        next
    }
}

/// A reply pid, which is closed when the caller stops waiting.
pub(in crate::node) struct OpenReply<'a> {
    inner: &'a Inner,
    pub(in crate::node) id: ReplyId,
    /// The task that has opened it has not yielded since.
    fresh: bool,
    over: bool,
}

impl OpenReply<'_> {
    /// Waits for what becomes of the call. To be asked for once, and before the task that opened this gives way: an outcome
    /// that comes from then on wakes that task, so there is no need to look for it at once.
    pub(in crate::node) async fn outcome(&mut self) -> Outcome {
        let outcome = poll_fn(|context| match mem::take(&mut self.fresh) {
            true => Poll::Pending,
            false => self.inner.registry.table.poll(self.id, context),
        })
        .await;
        self.over = true;
        outcome
    }
}

impl Drop for OpenReply<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.inner.close_reply(self.id);
        }
    }
}
