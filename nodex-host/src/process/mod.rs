//! Processes of the operating system that cannot outlive this program.
//!
//! Every process that is started here leads a process group of its own. Its stdin is a pipe that stays open as long as
//! the process is to run. The stop sequence is always the same: end of stdin, SIGTERM to the group, a grace period,
//! SIGKILL to the group, reaping. It begins with [`OsProcess::stop`], when the [`OsProcess`] is dropped, and when the
//! process ends while others of its group run.
//!
//! When this program is killed, the end of stdin reaches the whole group, and the kernel kills the process. A small
//! shell, started with the first process, ends the rest of the group by SIGTERM, and after 5 s by SIGKILL.
//!
//! A process can escape by leaving the group with `setsid` or `setpgid`. When this program is killed on a system
//! without `/bin/sh` or `/proc`, grandchildren that ignore the end of their stdin escape too.

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
