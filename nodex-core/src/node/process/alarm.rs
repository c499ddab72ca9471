//! The thread that watches the time limits of calls: one for all calls of a node, so that a call needs no timer.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use crate::node::moment::Moment;

/// The name of the thread.
const THREAD: &str = "nodex-limits";

/// The pause of the thread after a waker has panicked.
const AFTER_PANIC: Duration = Duration::from_millis(1);

/// Something with time limits that pass.
pub(in crate::node) trait Expire: Send + Sync + 'static {
    /// Handles all that is due by now, and returns when to call again.
    fn expire(&self, now: Moment) -> Next;
}

/// When something may be due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Next {
    /// The earliest known time.
    pub(in crate::node) at: Moment,
    /// The shortest pause after the last call, whatever becomes due.
    pub(in crate::node) pause: Duration,
}

/// Wakes when the first of many time limits has passed. Its thread starts with the first limit, and ends when this
/// value is dropped.
///
/// It is a thread and not a task, so that a call ends in time even while a handler blocks the runtime of its node, or
/// if the call was made in another runtime.
#[derive(Default)]
pub(in crate::node) struct Alarm(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    /// Whether something is due sooner than the thread knows.
    sooner: bool,
    stop: bool,
}

impl Alarm {
    /// Tells the thread that something is due sooner than all it knows. Returns `false` when there is no thread.
    #[cold]
    pub(in crate::node) fn set(&self, what: Weak<dyn Expire>) -> bool {
        let mut state = self.0.lock();
        state.sooner = true;
        if !state.running {
            let shared = self.0.clone();
            let thread = thread::Builder::new().name(THREAD.into()).stack_size(128 * 1024);
            state.running = thread.spawn(move || shared.run(&what)).is_ok();
        }
        let running = state.running;
        drop(state);
        self.0.changed.notify_one();
        running
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.lock().stop = true;
        self.0.changed.notify_one();
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Alarm").field(&*self.0.lock()).finish()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, what: &Weak<dyn Expire>) {
        loop {
            self.lock().sooner = false;
            let now = Moment::now();
            // If this drops the last reference, the thread ends.
            let Some(what) = what.upgrade() else { return };
            // Wakers can come from other libraries: the panic of one must not end all time limits.
            let next = catch_unwind(AssertUnwindSafe(|| what.expire(now)));
            let next = next.unwrap_or(Next { at: now, pause: AFTER_PANIC });
            drop(what);
            if !self.wait(now.plus(next.pause), next.at) {
                return;
            }
        }
    }

    /// Waits until something may be due. Returns `false` when the thread must end.
    fn wait(&self, earliest: Moment, at: Moment) -> bool {
        let mut state = self.lock();
        while !state.stop {
            let until = if state.sooner { earliest } else { at.max(earliest) };
            state = match until {
                Moment::NEVER => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                until if until.left().is_zero() => return true,
                until => self.changed.wait_timeout(state, until.left()).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Reports when it was called, and has one time limit, until it was called after it.
    struct Once {
        due: Mutex<Moment>,
        asked: mpsc::Sender<Option<Moment>>,
    }

    impl Expire for Once {
        fn expire(&self, now: Moment) -> Next {
            let mut due = self.due.lock().unwrap();
            let done = (*due <= now).then(|| std::mem::replace(&mut *due, Moment::NEVER));
            let at = *due;
            drop(due);
            let _ = self.asked.send(done);
            Next { at, pause: Duration::from_millis(1) }
        }
    }

    #[test]
    fn it_wakes_when_something_is_due_and_never_before() {
        let (asked, told) = mpsc::channel();
        let far = Moment::now().plus(Duration::from_secs(3600));
        let what = Arc::new(Once { due: Mutex::new(far), asked });
        let alarm = Alarm::default();
        let weak = || Arc::downgrade(&what) as Weak<dyn Expire>;
        assert!(alarm.set(weak()));
        assert_eq!(told.recv().unwrap(), None);
        // Sooner than the time that the thread waits for.
        let soon = Moment::now().plus(Duration::from_millis(20));
        *what.due.lock().unwrap() = soon;
        assert!(alarm.set(weak()));
        while told.recv().unwrap() != Some(soon) {}
        assert!(Moment::now() >= soon);
    }

    #[test]
    fn its_thread_ends_with_it() {
        let (asked, told) = mpsc::channel();
        let what = Arc::new(Once { due: Mutex::new(Moment::NEVER), asked });
        let alarm = Alarm::default();
        assert!(alarm.set(Arc::downgrade(&what) as Weak<dyn Expire>));
        assert_eq!(told.recv().unwrap(), None);
        let shared = Arc::downgrade(&alarm.0);
        drop(alarm);
        // The thread has the last reference while it calls this.
        while shared.strong_count() > 0 {
            thread::yield_now();
        }
        assert_eq!(Arc::strong_count(&what), 1);
    }

    #[test]
    fn a_panic_of_somebody_else_is_not_its_end() {
        struct Panics(Mutex<u32>, mpsc::Sender<()>);
        impl Expire for Panics {
            fn expire(&self, _: Moment) -> Next {
                let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(less) = left.checked_sub(1) {
                    *left = less;
                    panic!("a waker panics, as this test wants");
                }
                let _ = self.1.send(());
                Next { at: Moment::NEVER, pause: Duration::from_millis(1) }
            }
        }
        let (asked, told) = mpsc::channel();
        let what = Arc::new(Panics(Mutex::new(2), asked));
        let alarm = Alarm::default();
        assert!(alarm.set(Arc::downgrade(&what) as Weak<dyn Expire>));
        told.recv().unwrap();
    }
}
