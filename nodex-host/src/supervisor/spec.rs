//! What a supervisor is told about a child (`supervisor:child_spec()`).

use std::sync::Arc;

use super::{Health, Restart};
use crate::cnode::CnodeBuilder;

/// One child of a supervisor. How long it may take to end (OTP's `shutdown`) is
/// [`CnodeBuilder::stop_grace`].
#[derive(Debug, Clone)]
pub struct ChildSpec {
    pub(crate) id: Arc<str>,
    pub(crate) options: CnodeBuilder,
    pub(crate) restart: Restart,
    pub(crate) health: Option<Health>,
}

impl ChildSpec {
    /// Returns a permanent child that its supervisor knows by this id.
    pub fn new(id: impl Into<Arc<str>>, options: CnodeBuilder) -> ChildSpec {
        ChildSpec { id: id.into(), options, restart: Restart::permanent(), health: None }
    }

    /// When it is restarted. Default: [`Restart::permanent`].
    #[must_use]
    pub fn restart(mut self, restart: impl Into<Restart>) -> ChildSpec {
        self.restart = restart.into();
        self
    }

    /// Returns how to find out that it is up but does not work. Default: not at all.
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
