//! Events for whoever wants to hear of them.

use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

/// The events since this subscription was made: of a node ([`Node::events`](crate::node::Node::events)), of what a host has
/// started, of a supervisor.
///
/// Events are kept for a subscriber that is slow, but not without end. What it has missed, it is told as a number, by an
/// event of its own.
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
    /// The event that tells how many were missed.
    missed: fn(u64) -> E,
}

impl<E: Clone> Subscription<E> {
    #[doc(hidden)]
    pub fn new(events: Receiver<E>, missed: fn(u64) -> E) -> Self {
        Subscription { events, missed }
    }

    /// Waits for the next event; `None` after the last one, when nobody is left who could send another. An event that is
    /// not waited for any longer is not lost.
    pub async fn next(&mut self) -> Option<E> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some((self.missed)(count)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The next event, if one is there.
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
