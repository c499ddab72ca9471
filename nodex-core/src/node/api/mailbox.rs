//! [`Mailbox`].

use tokio::sync::mpsc::UnboundedReceiver;

use super::{call::CallError, node::Node};
use crate::{
    convert::IntoTerm,
    node::{
        connection::outgoing::{Destination, destination},
        process::{
            mailbox_sender::{Letter, mailbox},
            waiting::ReplyId,
        },
    },
    protocol::NameError,
    term::{Pid, RawTerm, Reference},
};

/// A process whose messages Rust code receives one by one, as at an Erlang shell. Created by [`Node::mailbox`].
///
/// Other processes can send to it, monitor it and link to it; exit signals do not affect it. When it is dropped, the
/// process ends with the reason `normal`, and later messages to it are dropped.
///
/// Messages that are not received count as unanswered calls: above
/// [`LinkLimits::max_in_flight_bytes`](crate::net::LinkLimits::max_in_flight_bytes) of them from one node, nothing more
/// is read from that node.
#[derive(Debug)]
pub struct Mailbox {
    node: Node,
    id: ReplyId,
    letters: UnboundedReceiver<Letter>,
}

impl Node {
    /// Creates a process whose messages Rust code receives.
    ///
    /// ```
    /// # use nodex_core::{atom, protocol::Cookie, node::NodeBuilder};
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let node = NodeBuilder::new().start("a@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
    /// let mut news = node.mailbox();
    /// let alias = news.alias();
    /// // Send `{subscribe, Alias}` to a publisher, receive with `news.receive().await`, and at the end:
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

    /// Creates an alias of this process: see [`Node::alias`].
    pub fn alias(&self) -> Reference {
        self.node.0.aliases.create(&self.node.0.identity, self.id.number)
    }

    /// Waits for the next message. Cancel safe: no message is lost.
    pub async fn receive(&mut self) -> RawTerm {
        match self.letters.recv().await {
            Some(letter) => letter.take(),
            // Never: the node has a sender as long as this value is there.
            None => std::future::pending().await,
        }
    }

    /// Returns the next message, if one has arrived.
    pub fn try_receive(&mut self) -> Option<RawTerm> {
        self.letters.try_recv().ok().map(Letter::take)
    }

    /// Sends a message as [`Node::send`] does, with this process as the sender, to which C nodes reply.
    ///
    /// # Errors
    /// Returns the errors of [`Node::send`].
    pub async fn send(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        message: impl IntoTerm,
    ) -> Result<(), CallError> {
        self.node.send_from(self.id.number, destination(to)?, message).await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.node.0.close_reply(self.id);
        self.node.0.aliases.ended(self.id.number);
    }
}
