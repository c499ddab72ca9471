//! Operating-system processes that cannot be left behind.
//!
//! Every process started here leads a process group of its own and has a pipe as its stdin, which stays open as long
//! as the process shall run. It is stopped by the same sequence whatever the reason: end of its stdin, SIGTERM to the
//! group, a grace period, SIGKILL to the group, reaped. The reasons are [`OsProcess::stop`], dropping it, and its own
//! end while others of its group go on. When this program is killed, the end of stdin reaches the whole group, the kernel
//! kills the process itself, and a small shell that was started with the first process ends the rest of its group: by
//! SIGTERM, and after 5 s by SIGKILL.
//!
//! What gets away: a process that leaves the group by `setsid` or `setpgid`, and, when this program is killed on a system
//! without `/bin/sh` or `/proc`, grandchildren that ignore the end of their stdin.

mod before_exec;
mod child;
mod ending;
mod exit;
mod feed;
mod group;
mod guard;
mod launch;
mod lines;
mod os_process;
mod output;
mod stop;
mod strays;
mod warden;

pub use ending::Ending;
pub use exit::Exit;
pub use launch::{Launch, LaunchError};
pub use os_process::{OsProcess, kill_all, reap_strays};
pub(crate) use output::Output;
pub use output::{LINE_LIMIT, Line, Stream};
pub use stop::{StopOptions, StopSignal, UnknownStopSignal};
