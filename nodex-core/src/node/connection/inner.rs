//! The state that all connections of a running node share.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{drain::Drain, peers::Peers};
use crate::{
    net::{LinkLimits, Locate, Readers, Ticker},
    node::{
        counters::Sums,
        error::StartError,
        process::{
            aliases::Aliases,
            registry::{Registration, Registry, SystemServices},
            service_end::ServiceEnd,
        },
        service::{context::Common, extensions::Extensions},
        shared::Identity,
    },
    protocol::{Cookie, Flags, handshake::Local},
};

/// The configuration of a node.
pub(in crate::node) struct Config {
    pub(in crate::node) identity: Identity,
    pub(in crate::node) cookie: Cookie,
    /// How other nodes are found; by default as the environment says.
    pub(in crate::node) locate: Option<Locate>,
    /// Whether the node is visible.
    pub(in crate::node) visible: bool,
    /// Whether its connections replace those of a node of the same name.
    pub(in crate::node) take_over: bool,
    /// Long messages go in fragments where the peer can do with them.
    pub(in crate::node) fragments: bool,
    pub(in crate::node) limits: LinkLimits,
    pub(in crate::node) readers: Option<Readers>,
    pub(in crate::node) extensions: Extensions,
    pub(in crate::node) registrations: Vec<Registration>,
    pub(in crate::node) every_node: SystemServices,
}

#[derive(Debug)]
pub(in crate::node) struct Inner {
    pub(in crate::node) identity: Identity,
    pub(in crate::node) cookie: Cookie,
    pub(in crate::node) locate: Locate,
    pub(in crate::node) visible: bool,
    pub(in crate::node) take_over: bool,
    pub(in crate::node) fragments: bool,
    pub(in crate::node) registry: Registry,
    pub(in crate::node) common: Arc<Common>,
    pub(in crate::node) limits: LinkLimits,
    /// What drives connections; without it the runtime does.
    pub(in crate::node) readers: Option<Readers>,
    pub(in crate::node) ticker: Ticker,
    pub(in crate::node) peers: Peers,
    /// The number of connections that are being served.
    pub(in crate::node) connections: AtomicUsize,
    pub(in crate::node) aliases: Aliases,
    pub(in crate::node) started: Instant,
    /// The counters of connections that have ended.
    pub(in crate::node) past: Mutex<Sums>,
    /// The last id of an unlink request.
    unlinks: AtomicU64,
    /// Cancelled to end all connections once their handlers are done: see [`Inner::begin_stop`].
    pub(in crate::node) stop: CancellationToken,
    /// The tasks that listen and keep the node registered, until it stops.
    pub(in crate::node) listening: TaskTracker,
    pub(in crate::node) drain: Drain,
    /// The service whose end stops the node.
    pub(in crate::node) fallen: watch::Sender<Option<Arc<ServiceEnd>>>,
}

impl Inner {
    pub(in crate::node) fn new(config: Config) -> Result<Self, StartError> {
        let Config {
            identity,
            cookie,
            locate,
            visible,
            take_over,
            fragments,
            limits,
            readers,
            extensions,
            registrations,
            every_node,
        } = config;
        let locate = match locate {
            Some(locate) => locate,
            None => Locate::from_environment().map_err(StartError::Epmd)?,
        };
        let registry = Registry::new(&identity, registrations, every_node, &extensions, visible)?;
        Ok(Inner {
            identity,
            cookie,
            locate,
            visible,
            take_over,
            fragments,
            aliases: Aliases::default(),
            registry,
            common: Arc::new(Common { extensions, ..Common::default() }),
            limits,
            readers,
            ticker: Ticker::new(limits.tick_time),
            peers: Peers::default(),
            connections: AtomicUsize::new(0),
            started: Instant::now(),
            past: Mutex::default(),
            unlinks: AtomicU64::new(1),
            stop: CancellationToken::new(),
            listening: TaskTracker::new(),
            drain: Drain::default(),
            fallen: watch::Sender::new(None),
        })
    }

    /// Returns the id of a new unlink request. It is not 0.
    pub(in crate::node) fn next_unlink(&self) -> u64 {
        self.unlinks.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns how this node identifies itself in a handshake.
    pub(in crate::node) fn local(&self) -> Local {
        let name = self.identity.name.as_str();
        local(name, self.identity.creation, &self.cookie, self.visible, self.fragments)
    }
}

/// Returns how a node of this name identifies itself in a handshake.
pub(in crate::node) fn local(name: &str, creation: u32, cookie: &Cookie, visible: bool, fragments: bool) -> Local {
    let kind = if visible { Flags::PUBLISHED } else { Flags::EMPTY };
    let flags = if fragments { Flags::NODE } else { Flags::NODE.without(Flags::FRAGMENTS) };
    Local { flags: flags | kind, ..Local::hidden(name, creation, cookie.clone()) }
}
