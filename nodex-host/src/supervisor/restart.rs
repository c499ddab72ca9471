//! [`Restart`], [`Strategy`] and [`AutoShutdown`].

use std::time::Duration;

use nodex_core::node::Backoff;

use super::Intensity;

/// Which ends of a child are followed by a restart (OTP's `restart` of a child specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestartType {
    /// The child is always restarted.
    #[default]
    Permanent,
    /// The child is restarted only when it ends abnormally: in any way other than by itself with exit status 0.
    Transient,
    /// The child is never restarted, not even with a group. When it has ended, it is deleted.
    Temporary,
}

/// Which children are restarted when one fails (OTP's `strategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Only the child that failed.
    #[default]
    OneForOne,
    /// All children: the others are stopped in reverse order, then all are started in order.
    OneForAll,
    /// The child that failed and those that were started after it.
    RestForOne,
}

/// Whether a supervisor ends when its significant children do (OTP's `auto_shutdown`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoShutdown {
    /// It does not end.
    #[default]
    Never,
    /// It ends with the first significant child that ends and is not restarted.
    AnySignificant,
    /// It ends with the last significant child.
    AllSignificant,
}

/// When and how a child is restarted: its type, and limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Restart {
    pub(crate) restart_type: RestartType,
    pub(crate) intensity: Option<Intensity>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) significant: bool,
}

impl Restart {
    /// Creates a restart after every end.
    pub const fn permanent() -> Restart {
        Restart { restart_type: RestartType::Permanent, intensity: None, backoff: None, significant: false }
    }

    /// Creates a restart after an abnormal end.
    pub const fn transient() -> Restart {
        Restart { restart_type: RestartType::Transient, ..Restart::permanent() }
    }

    /// Creates no restart.
    pub const fn temporary() -> Restart {
        Restart { restart_type: RestartType::Temporary, ..Restart::permanent() }
    }

    /// Sets how many restarts of this child are allowed within this time.
    ///
    /// With one more, the child stays down under [`Strategy::OneForOne`], and its supervisor continues. Under the other
    /// strategies its supervisor ends.
    #[must_use]
    pub const fn at_most(mut self, max_restarts: u32, within: Duration) -> Restart {
        self.intensity = Some(Intensity::new(max_restarts, within));
        self
    }

    /// Sets whether the child is significant: when it ends by itself and is not restarted, its supervisor may end too
    /// (see [`AutoShutdown`]). This has no effect on a permanent child.
    #[must_use]
    pub const fn significant(mut self, on: bool) -> Restart {
        self.significant = on;
        self
    }

    /// Sets pauses that replace those of the supervisor.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Restart {
        self.backoff = Some(backoff);
        self
    }
}

impl From<RestartType> for Restart {
    fn from(restart_type: RestartType) -> Self {
        Restart { restart_type, ..Restart::permanent() }
    }
}
