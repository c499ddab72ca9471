//! A pid for plain Rust code, which takes whatever is sent to it.

use tokio::sync::mpsc::UnboundedReceiver;

use super::{call::CallError, node::Node};
use crate::{
    convert::IntoTerm,
    node::{
        connection::outgoing::Destination,
        process::{
            mailbox_sender::{Letter, mailbox},
            waiting::ReplyId,
        },
    },
    term::{Pid, RawTerm, Reference},
};

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
    /// Returns a new process for plain Rust code.
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
        let (sender, letters) = mailbox();
        Mailbox { node: self.clone(), id: self.0.registry.table.open_mailbox(sender), letters }
    }
}

impl Mailbox {
    /// Returns its pid.
    pub fn pid(&self) -> Pid {
        self.node.0.identity.pid(self.id.number)
    }

    /// Returns a new alias of it: see [`Node::alias`].
    pub fn alias(&self) -> Reference {
        self.node.0.aliases.create(&self.node.0.identity, self.id.number)
    }

    /// Waits for the next message. One that is not waited for any longer is not lost.
    pub async fn receive(&mut self) -> RawTerm {
        match self.letters.recv().await {
            Some(letter) => letter.take(),
            // Never: the node has a sender as long as this value is there.
            None => std::future::pending().await,
        }
    }

    /// Returns the next message, if one is there.
    pub fn try_receive(&mut self) -> Option<RawTerm> {
        self.letters.try_recv().ok().map(Letter::take)
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
