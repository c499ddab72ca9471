//! Panics of handlers in a node executable: they are reported to the caller, to the log, and to a hook that the program
//! has set.
//!
//! By default they print nothing to stderr, as the contract requires. A hook of the program receives every panic.

use std::{
    panic::{PanicHookInfo, set_hook, take_hook},
    sync::Once,
    thread,
};

use crate::{net::thread as link_thread, node::service::panics};

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Sends panics of handlers to the log. A hook that the program has set still receives all panics. The default hook,
/// which writes to stderr, receives only those outside of handlers.
pub(in crate::node) fn log_panics_of_handlers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let former = take_hook();
        // Now there is no hook but the one that every program has.
        let usual = take_hook();
        let is_usual = is_same(&former, &usual);
        set_hook(Box::new(move |panic| {
            // Nothing but handlers runs on the thread of a connection.
            let caught = panics::is_caught() || thread::current().name() == Some(link_thread::THREAD);
            if caught {
                // The field `message` is the text of the event.
                let reason = panics::text_of(panic.payload());
                let place = panic.location().map(ToString::to_string).unwrap_or_default();
                tracing::error!(reason, place, "a handler panicked");
            }
            if !(caught && is_usual) {
                former(panic);
            }
        }));
    });
}

/// Returns whether two hooks run the same code on the same values, as the default hook, which has no values, does with
/// itself. A wrong `false` only calls the default hook once too often.
fn is_same(one: &Hook, other: &Hook) -> bool {
    std::ptr::eq(&raw const **one, &raw const **other)
}
