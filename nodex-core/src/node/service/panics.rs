//! Panics of handlers, told from those that nobody is to blame for but the program.

use std::{any::Any, cell::Cell, future::Future, pin::pin};

thread_local! {
    /// What panics on this thread is caught, and answered.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// What was said with `panic!`.
pub(in crate::node) fn text_of(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    }
}

/// While the result lives, panics of this thread are those of handlers.
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

/// While this future is polled, panics of the thread are those of handlers.
pub(in crate::node) async fn of_handlers<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let _caught = caught();
        future.as_mut().poll(context)
    })
    .await
}

/// Returns `true` while what panics on this thread is answered.
pub(in crate::node) fn is_caught() -> bool {
    CAUGHT.with(Cell::get)
}
