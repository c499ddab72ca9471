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

use super::{drain::Drain, peers::Peers};
use crate::{
    etf::{Encoder, tag},
    net::{LinkLimits, Locate, Ticker, random_bits},
    node::{
        api::{builder::Builder, node::StartError},
        process::{
            aliases::Aliases,
            call_table::{CallTable, ReplyId, of_reference_words, reference_words},
            registry::Registry,
            service_end::ServiceEnd,
            table::Number,
        },
        service::{caller::Kept, counters::Sums, state::Extensions},
    },
    protocol::{Cookie, Flags, handshake::Local},
    term::{Atom, Pid, Reference},
};

#[derive(Debug)]
pub(in crate::node) struct Inner {
    pub(in crate::node) name: Atom,
    /// The name, encoded.
    name_bytes: Box<[u8]>,
    pub(in crate::node) creation: u32,
    pub(in crate::node) cookie: Cookie,
    /// How other nodes are found.
    pub(in crate::node) locate: Locate,
    /// Others see it as a node of their own kind.
    pub(in crate::node) visible: bool,
    /// Its connections take the place of those of a node of its name.
    pub(in crate::node) take_over: bool,
    pub(in crate::node) registry: Registry,
    pub(in crate::node) extensions: Arc<Extensions>,
    pub(in crate::node) limits: LinkLimits,
    pub(in crate::node) ticker: Ticker,
    pub(in crate::node) peers: Peers,
    /// Connections that are being served.
    pub(in crate::node) connections: AtomicUsize,
    pub(in crate::node) replies: CallTable,
    pub(in crate::node) aliases: Aliases,
    /// Callers that wait for an answer of who has kept them.
    pub(in crate::node) kept: Kept,
    pub(in crate::node) started: Instant,
    /// What came over connections that have ended.
    pub(in crate::node) past: Mutex<Sums>,
    /// Names unlinkings.
    unlinks: AtomicU64,
    /// Tells all connections to end once their handlers are done, see [`Inner::begin_stop`].
    pub(in crate::node) stop: CancellationToken,
    /// What listens and what keeps the node published, until it stops.
    pub(in crate::node) listening: TaskTracker,
    pub(in crate::node) drain: Drain,
    /// The service with whose end the node ends.
    pub(in crate::node) fallen: watch::Sender<Option<Arc<ServiceEnd>>>,
}

impl Inner {
    pub(in crate::node) fn new(name: Atom, cookie: Cookie, builder: Builder) -> Result<Self, StartError> {
        // 0 to 3 were used by nodes that knew only two bits of creation.
        Self::with_creation(name, random_bits() | 4, cookie, builder)
    }

    /// Of this incarnation.
    pub(in crate::node) fn with_creation(
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
            replies: CallTable::new(registry.next_id()),
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
    pub(in crate::node) fn next_unlink(&self) -> u64 {
        self.unlinks.fetch_add(1, Ordering::Relaxed)
    }

    /// A pid of this node.
    pub(in crate::node) fn pid(&self, number: Number) -> Pid {
        Pid { node: self.name.clone(), id: number.id, serial: number.serial, creation: self.creation }
    }

    /// A pid of this node, encoded.
    pub(in crate::node) fn pid_bytes(&self, id: Number) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.name_bytes.len() + 13);
        bytes.push(tag::NEW_PID_EXT);
        bytes.extend_from_slice(&self.name_bytes);
        for number in [id.id, id.serial, self.creation] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// The reference that goes with a reply pid.
    pub(in crate::node) fn reference(&self, id: ReplyId) -> Reference {
        self.own_reference(id.number.id, id.uses)
    }

    pub(in crate::node) fn own_reference(&self, id: u32, uses: u64) -> Reference {
        Reference::of_three(self.name.clone(), self.creation, reference_words(id, uses))
    }

    /// The reply pid that goes with a reference of [`Self::reference`], while it is there.
    pub(in crate::node) fn reply_of(&self, reference: &Reference) -> Option<Number> {
        let own = reference.creation == self.creation && reference.node == self.name;
        let (id, uses) = of_reference_words(reference.words()).filter(|_| own)?;
        self.replies.number(id, uses)
    }

    /// What this node says of itself in a handshake.
    pub(in crate::node) fn local(&self) -> Local {
        local(self.name.as_str(), self.creation, &self.cookie, self.visible)
    }
}

/// What a node of this name says of itself in a handshake.
pub(in crate::node) fn local(name: &str, creation: u32, cookie: &Cookie, visible: bool) -> Local {
    let flags = Flags::HIDDEN_ALTACT | if visible { Flags::PUBLISHED } else { Flags::EMPTY };
    Local { flags, ..Local::hidden(name, creation, cookie.clone()) }
}
