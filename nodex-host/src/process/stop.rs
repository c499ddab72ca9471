//! How a process is asked to end.

use std::{fmt, str::FromStr, time::Duration};

use rustix::process::Signal;

/// The signal that asks a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StopSignal {
    /// SIGTERM.
    #[default]
    Term,
    /// SIGINT.
    Int,
    /// SIGQUIT.
    Quit,
    /// SIGHUP.
    Hup,
    /// SIGUSR1.
    Usr1,
    /// SIGUSR2.
    Usr2,
}

impl StopSignal {
    /// All signals.
    pub const ALL: [StopSignal; 6] =
        [StopSignal::Term, StopSignal::Int, StopSignal::Quit, StopSignal::Hup, StopSignal::Usr1, StopSignal::Usr2];

    /// Returns its name, such as `SIGTERM`.
    pub fn name(self) -> &'static str {
        match self {
            StopSignal::Term => "SIGTERM",
            StopSignal::Int => "SIGINT",
            StopSignal::Quit => "SIGQUIT",
            StopSignal::Hup => "SIGHUP",
            StopSignal::Usr1 => "SIGUSR1",
            StopSignal::Usr2 => "SIGUSR2",
        }
    }

    pub(super) fn signal(self) -> Signal {
        match self {
            StopSignal::Term => Signal::TERM,
            StopSignal::Int => Signal::INT,
            StopSignal::Quit => Signal::QUIT,
            StopSignal::Hup => Signal::HUP,
            StopSignal::Usr1 => Signal::USR1,
            StopSignal::Usr2 => Signal::USR2,
        }
    }
}

impl fmt::Display for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is not the name of a [`StopSignal`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{}\" is none of the signals SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 and SIGUSR2", name.escape_debug())]
#[non_exhaustive]
pub struct UnknownStopSignal {
    /// The text.
    pub name: String,
}

/// Accepts names with or without `SIG`.
impl FromStr for StopSignal {
    type Err = UnknownStopSignal;

    fn from_str(name: &str) -> Result<StopSignal, UnknownStopSignal> {
        let is_named = |signal: &StopSignal| signal.name() == name || signal.name().strip_prefix("SIG") == Some(name);
        let found = StopSignal::ALL.into_iter().find(is_named);
        found.ok_or_else(|| UnknownStopSignal { name: name.to_owned() })
    }
}

/// How a process is stopped: the end of its stdin, a signal, a grace period, SIGKILL to its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopOptions {
    /// The signal.
    pub signal: StopSignal,
    /// Whether the whole group receives the signal. If not, the process receives it, and the rest of the group after
    /// the end of the process. This suits processes that end their children in order.
    pub group: bool,
    /// How long the group may take to end before SIGKILL.
    pub grace: Duration,
}

impl Default for StopOptions {
    /// Returns the default: SIGTERM to the group, and 5 s.
    fn default() -> Self {
        StopOptions::new(StopSignal::Term, Duration::from_secs(5))
    }
}

impl StopOptions {
    /// Creates options with this signal to the whole group and this grace period.
    pub const fn new(signal: StopSignal, grace: Duration) -> StopOptions {
        StopOptions { signal, group: true, grace }
    }

    /// Sets whether the whole group receives the signal, or only the process.
    #[must_use]
    pub const fn group(mut self, whole: bool) -> StopOptions {
        self.group = whole;
        self
    }
}

impl From<Duration> for StopOptions {
    /// Creates the default options with this grace period.
    fn from(grace: Duration) -> Self {
        StopOptions { grace, ..StopOptions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for signal in StopSignal::ALL {
            assert_eq!(signal.name().parse(), Ok(signal));
            assert_eq!(signal.name()[3..].parse(), Ok(signal));
        }
        for name in ["", "SIG", "sigterm", "SIGKILL", "15", "SIGSIGTERM"] {
            assert!(name.parse::<StopSignal>().is_err(), "{name}");
        }
    }
}
