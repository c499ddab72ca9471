//! Where the messages to a mailbox go.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    node::service::line::{Counted, Line},
    term::RawTerm,
};

/// What a message counts besides its bytes.
const OVERHEAD: usize = 128;

/// Where the messages of a mailbox go.
#[derive(Debug, Clone)]
pub(in crate::node) struct MailboxSender(UnboundedSender<Letter>);

pub(in crate::node) fn mailbox() -> (MailboxSender, UnboundedReceiver<Letter>) {
    let (sender, receiver) = unbounded_channel();
    (MailboxSender(sender), receiver)
}

impl MailboxSender {
    /// Puts a message that came over this connection into the mailbox.
    pub(in crate::node) fn put(&self, message: &RawTerm, line: &Arc<Line>) {
        // A copy, so that no more memory is kept than is counted.
        let message = RawTerm::from_slice(message.as_bytes(), None);
        let bytes = message.as_bytes().len() + OVERHEAD;
        // The mailbox may have been dropped just now.
        let _ = self.0.send(Letter { message, _counted: Counted::new(line, bytes) });
    }
}

/// A message that has not been taken.
#[derive(Debug)]
pub(in crate::node) struct Letter {
    message: RawTerm,
    _counted: Counted,
}

impl Letter {
    /// Returns the message, which counts no longer.
    pub(in crate::node) fn take(self) -> RawTerm {
        self.message
    }
}
