//! Distinguishes panics of handlers from other panics of the program.

use std::{any::Any, cell::Cell, future::Future, pin::pin};

thread_local! {
    /// Whether panics on this thread are caught and answered.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Returns the message of a panic.
pub(in crate::node) fn text_of(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    }
}

/// Marks panics of this thread as those of handlers while the result lives.
pub(in crate::node) fn caught() -> Caught {
    Caught(CAUGHT.with(|caught| caught.replace(true)))
}

/// See [`caught`].
pub(in crate::node) struct Caught(bool);

impl Drop for Caught {
    fn drop(&mut self) {
        CAUGHT.with(|caught| caught.set(self.0));
    }
}

/// Marks panics of the thread as those of handlers while this future is polled.
pub(in crate::node) async fn of_handlers<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let _caught = caught();
        future.as_mut().poll(context)
    })
    .await
}

/// Returns `true` while panics on this thread are answered.
pub(in crate::node) fn is_caught() -> bool {
    CAUGHT.with(Cell::get)
}
