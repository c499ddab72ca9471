//! A pid for plain Rust code, which takes whatever is sent to it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{call::CallError, node::Node, send::Destination};
use crate::{
    convert::IntoTerm,
    node::{connection::peers::Peer, process::call_table::ReplyId},
    term::{Pid, RawTerm, Reference},
};

/// What a message counts besides its bytes.
const OVERHEAD: usize = 128;

/// A process of this node whose messages plain Rust code takes, as one takes messages at a shell. Made by
/// [`Node::mailbox`].
///
/// Who has its pid can send to it, monitor it and link itself to it; exit signals do nothing to it. When it is dropped, it
/// is gone with the reason `normal`, and what is sent to it is dropped.
///
/// Messages that are not taken count as calls that are not answered: above
/// [`LinkLimits::max_in_flight_bytes`](crate::net::LinkLimits::max_in_flight_bytes) of them from one node, no more is read
/// from that node.
#[derive(Debug)]
pub struct Mailbox {
    node: Node,
    id: ReplyId,
    letters: UnboundedReceiver<Letter>,
}

impl Node {
    /// A new process for plain Rust code.
    ///
    /// ```
    /// # use nodex_core::{atom, protocol::Cookie, node::Builder};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let node = Builder::new().start("a@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
    /// let mut news = node.mailbox();
    /// let alias = news.alias();
    /// // Tell a publisher `{subscribe, Alias}`, take what it sends with `news.receive().await`, and in the end:
    /// assert!(node.unalias(&alias));
    /// assert!(news.try_receive().is_none());
    /// # });
    /// ```
    pub fn mailbox(&self) -> Mailbox {
        let (sender, letters) = letters();
        Mailbox { node: self.clone(), id: self.0.replies.open_mailbox(sender), letters }
    }
}

impl Mailbox {
    /// Its pid.
    pub fn pid(&self) -> Pid {
        self.node.0.pid(self.id.number)
    }

    /// A new alias of it: see [`Node::alias`].
    pub fn alias(&self) -> Reference {
        self.node.0.new_alias(self.id.number)
    }

    /// Waits for the next message. One that is not waited for any longer is not lost.
    pub async fn receive(&mut self) -> RawTerm {
        match self.letters.recv().await {
            Some(letter) => letter.message,
            // Never: the node has a sender as long as this value is there.
            None => std::future::pending().await,
        }
    }

    /// The next message, if one is there.
    pub fn try_receive(&mut self) -> Option<RawTerm> {
        self.letters.try_recv().ok().map(|letter| letter.message)
    }

    /// As [`Node::send`], with this process as the sender, which is who C nodes answer.
    ///
    /// # Errors
    /// As [`Node::send`].
    pub async fn send(&self, to: impl Into<Destination>, message: impl IntoTerm) -> Result<(), CallError> {
        self.node.send_from(self.id.number, to.into(), message).await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.node.0.close_reply(self.id);
        self.node.0.aliases.ended(self.id.number);
    }
}

/// Where the messages of a mailbox go.
#[derive(Debug, Clone)]
pub(in crate::node) struct MailboxSender(UnboundedSender<Letter>);

pub(in crate::node) fn letters() -> (MailboxSender, UnboundedReceiver<Letter>) {
    let (sender, receiver) = unbounded_channel();
    (MailboxSender(sender), receiver)
}

impl MailboxSender {
    /// Puts a message that came over this connection into the mailbox.
    pub(in crate::node) fn put(&self, message: &RawTerm, peer: &Arc<Peer>) {
        // A copy, so that no more is kept than what is counted.
        let message = RawTerm::from_slice(message.as_bytes(), None);
        let bytes = message.as_bytes().len() + OVERHEAD;
        // The mailbox may have been dropped just now.
        let _ = self.0.send(Letter { message, _counted: Counted::new(peer, bytes) });
    }
}

/// A message that has not been taken.
#[derive(Debug)]
pub(in crate::node) struct Letter {
    message: RawTerm,
    _counted: Counted,
}

/// Memory that is kept for a peer. It keeps the connection that it came over from reading too much.
#[derive(Debug)]
pub(in crate::node) struct Counted {
    peer: Arc<Peer>,
    bytes: usize,
}

impl Counted {
    pub(in crate::node) fn new(peer: &Arc<Peer>, bytes: usize) -> Self {
        peer.mail.0.fetch_add(bytes, Ordering::Relaxed);
        Counted { peer: peer.clone(), bytes }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.peer, self.bytes)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.peer.mail.0.fetch_sub(self.bytes, Ordering::SeqCst);
        self.peer.outbox.wake_if_stalled();
    }
}

/// Bytes of messages from one peer that nobody has taken yet, and of callers that somebody keeps.
#[derive(Debug, Default)]
pub(in crate::node) struct Mail(AtomicUsize);

impl Mail {
    #[inline]
    pub(in crate::node) fn bytes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}
