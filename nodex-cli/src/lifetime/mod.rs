//! How a command ends: when it is done, at Ctrl-C, and when its time is up.

mod interruptible;
mod watch;

pub(crate) use interruptible::{interruptible, interruptible_with, until_stopped};
pub(crate) use watch::{AT_ONCE, CLEAN_UP, done, interrupts, print_until};
