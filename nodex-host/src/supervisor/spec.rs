//! [`ChildSpec`].

use std::sync::Arc;

use super::{Health, Restart};
use crate::cnode::CnodeBuilder;

/// The specification of a child (`supervisor:child_spec()`). [`CnodeBuilder::stop_grace`] sets how long it may take to
/// end (OTP's `shutdown`).
#[derive(Debug, Clone)]
pub struct ChildSpec {
    pub(crate) id: Arc<str>,
    pub(crate) options: CnodeBuilder,
    pub(crate) restart: Restart,
    pub(crate) health: Option<Health>,
}

impl ChildSpec {
    /// Creates the specification of a permanent child with this id.
    pub fn new(id: impl Into<Arc<str>>, options: CnodeBuilder) -> ChildSpec {
        ChildSpec { id: id.into(), options, restart: Restart::permanent(), health: None }
    }

    /// Sets when the child is restarted. Default: [`Restart::permanent`].
    #[must_use]
    pub fn restart(mut self, restart: impl Into<Restart>) -> ChildSpec {
        self.restart = restart.into();
        self
    }

    /// Sets the health check. Default: no check.
    #[must_use]
    pub fn health(mut self, health: Health) -> ChildSpec {
        self.health = Some(health);
        self
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}
