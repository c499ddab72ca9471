//! [`Subscription`].

use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

/// A stream of events since the subscription: of a node ([`Node::events`](crate::node::Node::events)), or of the
/// processes, pools and supervisors of a host.
///
/// A bounded number of events is kept for a slow subscriber. An event of its own tells how many it has missed.
///
/// ```no_run
/// # async fn watch(node: nodex_core::node::Node) {
/// use nodex_core::{error::Chain, node::NodeEvent};
///
/// let mut events = node.events();
/// while let Some(event) = events.next().await {
///     match event {
///         NodeEvent::Up { node } => println!("{node} is connected"),
///         NodeEvent::Down { node, reason } => println!("{node} is gone: {}", Chain(&reason)),
///         other => println!("{other:?}"),
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Subscription<E> {
    events: Receiver<E>,
    /// Makes the event that tells how many were missed.
    missed: fn(u64) -> E,
}

impl<E: Clone> Subscription<E> {
    #[doc(hidden)]
    pub fn new(events: Receiver<E>, missed: fn(u64) -> E) -> Self {
        Subscription { events, missed }
    }

    /// Waits for the next event. Returns `None` when no further event can follow. Cancel safe: no event is lost.
    pub async fn next(&mut self) -> Option<E> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some((self.missed)(count)),
            Err(RecvError::Closed) => None,
        }
    }

    /// Returns the next event, if there is one.
    pub fn try_next(&mut self) -> Option<E> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Lagged(count)) => Some((self.missed)(count)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::broadcast::Sender;

    #[tokio::test]
    async fn a_slow_subscriber_is_told_what_it_missed() {
        let sender = Sender::new(2);
        let mut events = Subscription::new(sender.subscribe(), |missed| format!("{missed} missed"));
        assert_eq!(events.try_next(), None);
        for number in 0..5 {
            sender.send(number.to_string()).unwrap();
        }
        assert_eq!(events.next().await.unwrap(), "3 missed");
        assert_eq!(events.try_next().unwrap(), "3");
        drop(sender);
        assert_eq!(events.next().await.unwrap(), "4");
        assert_eq!((events.next().await, events.try_next()), (None, None));
    }
}
