//! What all connections of a running node share.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Builder, Extensions, ServiceEnd, StartError,
    aliases::Aliases,
    caller::Kept,
    counters::Sums,
    drain::Drain,
    peers::Peers,
    processes::Number,
    registry::Registry,
    replies::{Replies, ReplyId, of_reference_words, reference_words},
};
use crate::{
    dist::{Cookie, Flags, handshake::Local},
    etf::{Encoder, tag},
    net::{LinkLimits, Locate, Ticker, random_bits},
    term::{Atom, Pid, Reference},
};

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: Atom,
    /// The name, encoded.
    name_bytes: Box<[u8]>,
    pub(super) creation: u32,
    pub(super) cookie: Cookie,
    /// How other nodes are found.
    pub(super) locate: Locate,
    /// Others see it as a node of their own kind.
    pub(super) visible: bool,
    /// Its connections take the place of those of a node of its name.
    pub(super) take_over: bool,
    pub(super) registry: Registry,
    pub(super) extensions: Arc<Extensions>,
    pub(super) limits: LinkLimits,
    pub(super) ticker: Ticker,
    pub(super) peers: Peers,
    /// Connections that are being served.
    pub(super) connections: AtomicUsize,
    pub(super) replies: Replies,
    pub(super) aliases: Aliases,
    /// Callers that wait for an answer of who has kept them.
    pub(super) kept: Kept,
    pub(super) started: Instant,
    /// What came over connections that have ended.
    pub(super) past: Mutex<Sums>,
    /// Names unlinkings.
    unlinks: AtomicU64,
    /// Tells all connections to end once their handlers are done, see [`Inner::begin_stop`].
    pub(super) stop: CancellationToken,
    /// What listens and what keeps the node published, until it stops.
    pub(super) listening: TaskTracker,
    pub(super) drain: Drain,
    /// The service with whose end the node ends.
    pub(super) fallen: watch::Sender<Option<Arc<ServiceEnd>>>,
}

impl Inner {
    pub(super) fn new(name: Atom, cookie: Cookie, builder: Builder) -> Result<Self, StartError> {
        // 0 to 3 were used by nodes that knew only two bits of creation.
        Self::with_creation(name, random_bits() | 4, cookie, builder)
    }

    /// Of this incarnation.
    pub(super) fn with_creation(
        name: Atom,
        creation: u32,
        cookie: Cookie,
        builder: Builder,
    ) -> Result<Self, StartError> {
        let locate = match builder.locate {
            Some(locate) => locate,
            None => Locate::from_environment().map_err(StartError::Epmd)?,
        };
        let registry = Registry::new(&name, creation, builder.registrations, &builder.extensions, builder.visible)?;
        let mut name_bytes = Encoder::new();
        name_bytes.put_atom(&name);
        Ok(Inner {
            name,
            name_bytes: name_bytes.to_vec().into(),
            creation,
            cookie,
            locate,
            visible: builder.visible,
            take_over: builder.take_over,
            replies: Replies::new(registry.next_id()),
            aliases: Aliases::default(),
            kept: Kept::default(),
            registry,
            extensions: Arc::new(builder.extensions),
            limits: builder.limits,
            ticker: Ticker::new(builder.limits.tick_time),
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

    /// A number for an unlinking, not 0.
    pub(super) fn next_unlink(&self) -> u64 {
        self.unlinks.fetch_add(1, Ordering::Relaxed)
    }

    /// A pid of this node.
    pub(super) fn pid(&self, number: Number) -> Pid {
        Pid { node: self.name.clone(), id: number.id, serial: number.serial, creation: self.creation }
    }

    /// A pid of this node, encoded.
    pub(super) fn pid_bytes(&self, id: Number) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.name_bytes.len() + 13);
        bytes.push(tag::NEW_PID_EXT);
        bytes.extend_from_slice(&self.name_bytes);
        for number in [id.id, id.serial, self.creation] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// The reference that goes with a reply pid.
    pub(super) fn reference(&self, id: ReplyId) -> Reference {
        self.own_reference(id.number.id, id.uses)
    }

    pub(super) fn own_reference(&self, id: u32, uses: u64) -> Reference {
        Reference::of_three(self.name.clone(), self.creation, reference_words(id, uses))
    }

    /// The reply pid that goes with a reference of [`Self::reference`], while it is there.
    pub(super) fn reply_of(&self, reference: &Reference) -> Option<Number> {
        let own = reference.creation == self.creation && reference.node == self.name;
        let (id, uses) = of_reference_words(reference.words()).filter(|_| own)?;
        self.replies.number(id, uses)
    }

    /// What this node says of itself in a handshake.
    pub(super) fn local(&self) -> Local {
        local(self.name.as_str(), self.creation, &self.cookie, self.visible)
    }
}

/// What a node of this name says of itself in a handshake.
pub(super) fn local(name: &str, creation: u32, cookie: &Cookie, visible: bool) -> Local {
    let flags = Flags::HIDDEN_ALTACT | if visible { Flags::PUBLISHED } else { Flags::EMPTY };
    Local { flags, ..Local::hidden(name, creation, cookie.clone()) }
}
