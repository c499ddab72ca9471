//! The end of a command that is busy: at Ctrl-C, and when its time is up.

use std::{
    io::{self, Write},
    process,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::{Code, Failure},
    options::Global,
    output::blocked,
};

/// How long the command may take to end by itself after Ctrl-C, unless it has more to clean up.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(150);

/// The same for a command that has started processes.
pub(crate) const CLEAN_UP: Duration = Duration::from_secs(3);

/// The interval of checks of the time limit while stdout accepts nothing.
const AGAIN: Duration = Duration::from_millis(20);

/// The command itself has seen that it is to end.
static SEEN: AtomicBool = AtomicBool::new(false);

/// What ends the process when time is up.
static LIMIT: Mutex<Option<(Instant, Failure)>> = Mutex::new(None);

fn limit() -> MutexGuard<'static, Option<(Instant, Failure)>> {
    LIMIT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The command ends by itself from now on.
pub(crate) fn seen() {
    SEEN.store(true, Ordering::Release);
}

/// From here on the thread of the command may be busy: reading an answer, and printing it. At `deadline` the process ends
/// with this failure. What whoever reads stdout takes for it, as a pager does, does not count.
fn until(deadline: Instant, json: bool, failure: Failure) {
    *limit() = Some((deadline, failure));
    let watch = move || {
        loop {
            let waited = blocked();
            let Some(deadline) = limit().as_ref().map(|(deadline, _)| *deadline + waited.in_all) else { return };
            let left = deadline.saturating_duration_since(Instant::now());
            match left.is_zero() {
                true if !waited.now => break,
                _ => thread::sleep(left.max(AGAIN)),
            }
        }
        // The command may have come to its end at this moment.
        if let Some((_, failure)) = limit().take() {
            exit(failure, json);
        }
    };
    // Without the thread the command works as well.
    let _ = thread::Builder::new().name("nodex-watch".to_owned()).spawn(watch);
}

/// It is done in time.
pub(crate) fn done() {
    *limit() = None;
}

/// Ends the process some time after Ctrl-C, if the command is too busy to see that it came.
pub(crate) fn interrupts(json: bool, patience: Duration) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut interrupt = {
        let _entered = runtime.enter();
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?
    };
    let watch = move || {
        runtime.block_on(interrupt.recv());
        thread::sleep(patience);
        if !SEEN.load(Ordering::Acquire) {
            exit(interrupted(), json);
        }
    };
    thread::Builder::new().name("nodex-interrupt".to_owned()).spawn(watch)?;
    Ok(())
}

/// `ExitCode` cannot be passed to `exit`, so the code is passed separately.
fn exit(failure: Failure, json: bool) -> ! {
    let code = failure.code();
    failure.report(json);
    let _ = io::stderr().flush();
    process::exit(code as i32)
}

/// Returns a command that takes too long to print.
fn too_slow(timeout: Duration) -> Failure {
    Failure::new(Code::TimeOut, format_args!("the answer is there, but it was not printed within {timeout:?}"))
        .hint("--timeout gives it more time")
}

/// From now on the thread of the command may be busy with an answer, until this moment at the latest.
pub(crate) fn print_until(deadline: Instant, global: &Global) {
    until(deadline, global.json, too_slow(global.timeout));
}

pub(super) fn interrupted() -> Failure {
    Failure::new(Code::Interrupted, "interrupted")
}
