//! When a child is restarted.

use std::time::Duration;

use nodex_core::node::Backoff;

use super::Intensity;

/// Which ends of a child are followed by a restart (OTP's `restart` of a child specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestartType {
    /// It is always restarted.
    #[default]
    Permanent,
    /// It is restarted only when it ends abnormally: in any other way than by itself and with exit status 0.
    Transient,
    /// It is never restarted, not even when the end of another child takes it down; when it has ended, the supervisor
    /// forgets it.
    Temporary,
}

/// Which children are restarted when one fails (OTP's `strategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// That one only.
    #[default]
    OneForOne,
    /// All: the others are stopped, last first, then all are started in order.
    OneForAll,
    /// That one and those that were started after it.
    RestForOne,
}

/// Whether a supervisor ends by itself when children that were marked as significant do (OTP's `auto_shutdown`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoShutdown {
    /// It does not.
    #[default]
    Never,
    /// With the first significant child that ends and is not restarted.
    AnySignificant,
    /// With the last one.
    AllSignificant,
}

/// When and how a child is restarted: the type, and limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Restart {
    pub(crate) restart_type: RestartType,
    pub(crate) intensity: Option<Intensity>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) significant: bool,
}

impl Restart {
    /// Always.
    pub const fn permanent() -> Restart {
        Restart { restart_type: RestartType::Permanent, intensity: None, backoff: None, significant: false }
    }

    /// After an abnormal end.
    pub const fn transient() -> Restart {
        Restart { restart_type: RestartType::Transient, ..Restart::permanent() }
    }

    /// Never.
    pub const fn temporary() -> Restart {
        Restart { restart_type: RestartType::Temporary, ..Restart::permanent() }
    }

    /// At most so many restarts of this child within this time; with one more it is given up.
    ///
    /// Among others, a child that is given up under [`Strategy::OneForOne`] stays down and its supervisor goes on; under
    /// the other strategies its supervisor gives up.
    #[must_use]
    pub const fn at_most(mut self, max_restarts: u32, within: Duration) -> Restart {
        self.intensity = Some(Intensity::new(max_restarts, within));
        self
    }

    /// When it ends by itself and is not restarted, its supervisor may end too, see [`AutoShutdown`]. A permanent
    /// child is always restarted, so for it this means nothing.
    #[must_use]
    pub const fn significant(mut self, on: bool) -> Restart {
        self.significant = on;
        self
    }

    /// With other pauses than those of the supervisor.
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
