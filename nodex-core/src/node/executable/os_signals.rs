//! Signals of the operating system, without a gap.
//!
//! A crate that chains handlers sets its own before it knows the previous one, and loses a signal in between. Here the
//! socket to which a signal is reported exists before the handler.
#![allow(unsafe_code)]

use std::{
    ffi::c_int,
    io, mem,
    os::{fd::IntoRawFd, unix::net::UnixStream},
    ptr,
    sync::atomic::{AtomicI32, Ordering},
};

/// The descriptor to which [`raised`] writes. It is never closed, because a handler may run at any time.
static REPORT: AtomicI32 = AtomicI32::new(-1);

/// Makes each of these signals write a byte that is not 0 to this socket, as long as the process runs. Must be called
/// once.
pub(in crate::node) fn report(signals: &[c_int], to: UnixStream) -> io::Result<()> {
    let chained = to.try_clone()?;
    REPORT.store(to.into_raw_fd(), Ordering::SeqCst);
    for &signal in signals {
        if !install(signal, raised, true)? {
            // An earlier handler is called as well.
            signal_hook::low_level::pipe::register(signal, chained.try_clone()?)?;
        }
    }
    Ok(())
}

/// Makes writes to a file beyond its size limit fail with `EFBIG`, instead of ending the process by SIGXFSZ. Installs a
/// handler and not "ignore", which child processes would inherit.
pub(in crate::node) fn outlive_file_size_limit() -> io::Result<()> {
    install(libc::SIGXFSZ, nothing, false).map(|_| ())
}

extern "C" fn nothing(_: c_int) {}

extern "C" fn raised(signal: c_int) {
    let byte = signal as u8;
    // SAFETY: a handler may make system calls that are async-signal-safe, which `send` is, if it leaves `errno` as it was;
    // `byte` lives until the call returns.
    unsafe {
        let errno = libc::__errno_location();
        let kept = *errno;
        libc::send(
            REPORT.load(Ordering::Relaxed),
            (&raw const byte).cast(),
            1,
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        );
        *errno = kept;
    }
}

/// Installs a handler unless there is one. `ignored` says whether it replaces "ignore".
fn install(signal: c_int, handler: extern "C" fn(c_int), ignored: bool) -> io::Result<bool> {
    // SAFETY: all zeros is a valid `sigaction`: the default action, no flags, and an empty mask once it is emptied.
    let (mut action, mut old): (libc::sigaction, libc::sigaction) = unsafe { (mem::zeroed(), mem::zeroed()) };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the three structures live on this stack, and the handler may run from here on: all that it needs is there.
    unsafe {
        libc::sigemptyset(&raw mut action.sa_mask);
        if libc::sigaction(signal, &raw const action, &raw mut old) != 0 {
            return Err(io::Error::last_os_error());
        }
        if old.sa_sigaction == libc::SIG_DFL || ignored && old.sa_sigaction == libc::SIG_IGN {
            return Ok(true);
        }
        if libc::sigaction(signal, &raw const old, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(false)
}
