//! The running node.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{
    Builder, Extensions, ServiceError,
    registry::{Process, Registry},
};
use crate::{
    dist::{Cookie, Flags, control::AtomTerm, handshake::Local},
    net::{Keeper, LinkLimits, random_bits},
    term::Atom,
};

/// What all connections of a node share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: Atom,
    pub(super) creation: u32,
    pub(super) cookie: Cookie,
    pub(super) registry: Registry,
    pub(super) extensions: Arc<Extensions>,
    pub(super) limits: LinkLimits,
    pub(super) keeper: Keeper,
    /// Tells all connections to end once their handlers are done.
    pub(super) stop: CancellationToken,
}

impl Inner {
    pub(super) fn new(name: Atom, cookie: Cookie, builder: Builder) -> Result<Self, ServiceError> {
        // 0 to 3 were used by nodes that knew only two bits of creation.
        let creation = random_bits() | 4;
        let registry = Registry::new(&name, creation, builder.registrations, &builder.extensions)?;
        Ok(Inner {
            name,
            creation,
            cookie,
            registry,
            extensions: Arc::new(builder.extensions),
            limits: builder.limits,
            keeper: Keeper::new(builder.limits.tick_time),
            stop: CancellationToken::new(),
        })
    }

    /// The process that answers this registered name.
    #[inline]
    pub(super) fn process_named(&self, name: AtomTerm<'_>) -> Option<&Process> {
        match std::str::from_utf8(name.name_bytes()) {
            Ok(ascii) if ascii.is_ascii() => self.registry.by_name(ascii),
            // In Latin-1 or UTF-8.
            _ => self.registry.by_name(&name.name().ok()?),
        }
    }

    /// What this node says of itself in a handshake.
    pub(super) fn local(&self) -> Local {
        let flags = Flags::HIDDEN_ALTACT;
        Local { flags, ..Local::hidden(self.name.as_str(), self.creation, self.cookie.clone()) }
    }
}
