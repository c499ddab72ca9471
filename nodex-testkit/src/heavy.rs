//! Tests that take so much of the machine that two of them at once would measure or starve each other.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Waits until no other heavy test of this program runs; the next one may when the result is dropped.
#[must_use = "another heavy test may run as soon as this is dropped"]
pub fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    // A heavy test that failed does not fail the others.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
