//! Puts a node together.

use std::{net::SocketAddr, time::Duration};

use super::service_options::ServiceOptions;
use crate::{
    net::{LinkLimits, Locate},
    node::{
        connection::{inner::Config, listen::Listen},
        process::{exit_policy::ExitPolicy, factory::Factory, registry::Registration},
        service::{
            extensions::Extensions,
            interface::{IntoService, Service},
        },
        shared::Identity,
        system::every_node,
    },
    protocol::Cookie,
    term::Atom,
};

/// What a node serves and how. `nodex::main!` makes one; [`crate::node::main`] runs it.
pub struct Builder {
    /// The services that answer any name come first.
    pub(in crate::node) registrations: Vec<Registration>,
    pub(in crate::node) extensions: Extensions,
    pub(in crate::node) limits: LinkLimits,
    pub(in crate::node) drain: Option<Duration>,
    pub(in crate::node) listen: Option<Listen>,
    pub(in crate::node) locate: Option<Locate>,
    pub(in crate::node) visible: bool,
    pub(in crate::node) take_over: bool,
    pub(in crate::node) fragments: Option<bool>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            registrations: Vec::new(),
            extensions: Extensions::default(),
            limits: LinkLimits::default(),
            drain: None,
            listen: None,
            locate: None,
            visible: false,
            take_over: true,
            fragments: None,
        }
    }
}

impl Builder {
    /// Without a service.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service that answers every registered name, as a C node usually does.
    #[must_use]
    pub fn service(mut self, service: impl IntoService) -> Self {
        let service: Box<dyn Service> = Box::new(service.into_service());
        match self.registrations.iter_mut().find(|known| known.name.is_none() && known.factory.is_none()) {
            Some(known) => known.services.push(service),
            None => self.registrations.push(Registration::usual(None, service)),
        }
        self
    }

    /// The same with options, which hold for all services that answer every name.
    #[must_use]
    pub fn service_with(self, options: ServiceOptions, service: impl IntoService) -> Self {
        let mut builder = self.service(service);
        let known = builder.registrations.iter_mut().filter(|known| known.name.is_none() && known.factory.is_none());
        known.for_each(|known| (known.exit_policy, known.ends) = (options.exit_policy(), options.ends()));
        builder
    }

    /// Adds a service under a registered name of its own.
    ///
    /// # Panics
    /// When the name has more than 255 characters.
    #[must_use]
    pub fn register(mut self, name: &'static str, service: impl IntoService) -> Self {
        let service: Box<dyn Service> = Box::new(service.into_service());
        self.registrations.push(Registration::usual(Some(Atom::from_static(name)), service));
        self
    }

    /// Adds a service under a registered name, with options in place of those that it would have.
    ///
    /// # Panics
    /// When the name has more than 255 characters.
    #[must_use]
    pub fn register_with(mut self, name: &'static str, options: ServiceOptions, service: impl IntoService) -> Self {
        let service: Box<dyn Service> = Box::new(service.into_service());
        let usual = Registration::usual(Some(Atom::from_static(name)), service);
        self.registrations.push(Registration { exit_policy: options.exit_policy(), ends: options.ends(), ..usual });
        self
    }

    /// Adds a service that answers every registered name and that is made anew when it has failed: the only one without a
    /// name. See [`Self::register_factory`].
    #[must_use]
    pub fn factory<S: IntoService>(self, make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        self.made_by(None, PERMANENT, make)
    }

    /// The same with options.
    #[must_use]
    pub fn factory_with<S: IntoService>(
        self,
        options: ServiceOptions,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        self.made_by(None, options, make)
    }

    /// Adds a service under a registered name that is made anew when it has ended with another reason than `normal`,
    /// `shutdown` or `{shutdown, _}`. The new one has the name and another pid; those who watch the old one are told.
    ///
    /// If it fails more than 3 times within 5 seconds, it has ended, and so has one that ends normally: then its
    /// [`ServiceType`](crate::node::ServiceType) says what comes of it.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use nodex_core::node::{Builder, Functions, ServiceOptions};
    ///
    /// let counter = || {
    ///     let count = AtomicU64::new(0);
    ///     Functions::new().add("next", move || count.fetch_add(1, Ordering::Relaxed))
    /// };
    /// let node = Builder::new().register_factory("counter", counter);
    /// // A handler that panics is then the end of the counter, and the next one begins at 0.
    /// let options = ServiceOptions::new().trap_exit(true).stop_on_panic(true);
    /// let node = Builder::new().register_factory_with("counter", options, counter);
    /// ```
    ///
    /// # Panics
    /// When the name has more than 255 characters.
    #[must_use]
    pub fn register_factory<S: IntoService>(
        self,
        name: &'static str,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        self.made_by(Some(Atom::from_static(name)), PERMANENT, make)
    }

    /// The same with options.
    ///
    /// # Panics
    /// When the name has more than 255 characters.
    #[must_use]
    pub fn register_factory_with<S: IntoService>(
        self,
        name: &'static str,
        options: ServiceOptions,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        self.made_by(Some(Atom::from_static(name)), options, make)
    }

    fn made_by<S: IntoService>(
        mut self,
        name: Option<Atom>,
        options: ServiceOptions,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let make = move || Box::new(make().into_service()) as Box<dyn Service>;
        let factory = Factory::new(make, options.intensity());
        let usual = Registration::usual(name, factory.make());
        let (exit_policy, ends, factory) = (options.exit_policy(), options.ends(), Some(factory.into()));
        self.registrations.push(Registration { exit_policy, ends, factory, ..usual });
        self
    }

    /// Adds a value that handlers take as [`State<T>`](crate::node::State).
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Limits of every connection.
    #[must_use]
    pub fn limits(mut self, limits: LinkLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Listens for other nodes on this address, port 0 for any free one, and registers the port in the epmd of this host.
    /// Nothing listens unless this is called; choose a loopback address unless other hosts are to connect.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(Listen { address, publish: true });
        self
    }

    /// Listens without registering in epmd: peers have to know the port.
    #[must_use]
    pub fn listen_unpublished(mut self, address: SocketAddr) -> Self {
        self.listen = Some(Listen { address, publish: false });
        self
    }

    /// Uses the epmds on this port. Without it, `ERL_DIST_PORT` names the one port of all nodes, and there is no epmd;
    /// else the epmds on `ERL_EPMD_PORT`, or 4369, are used.
    #[must_use]
    pub fn epmd_port(mut self, port: u16) -> Self {
        self.locate = Some(Locate::Epmd(port));
        self
    }

    /// Uses no epmd: all nodes listen on this port, each on a host or an address of its own, as with `erl`'s
    /// `-erl_epmd_port`. This node does as well if [`Self::listen`] says port 0.
    #[must_use]
    pub fn dist_port(mut self, port: u16) -> Self {
        self.locate = Some(Locate::Fixed(port));
        self
    }

    /// Makes the node a visible one; nodes are hidden unless this is called.
    ///
    /// A visible node is in `nodes()` of every BEAM that it is connected with, and each of them then counts on it as on
    /// one of their own kind. It takes no part in `global`, and says so to the BEAMs: `global:sync/0`, `set_lock/1`,
    /// `trans/2` and `register_name/2` work on them as without it, and the loss of this node is no reason for the others to
    /// disconnect (`prevent_overlapping_partitions`). Libraries that form clusters may take it for a BEAM.
    #[must_use]
    pub fn visible(mut self, visible: bool) -> Self {
        self.visible = visible;
        self
    }

    /// Whether a connection that this node makes takes the place of one that a node of the same name has with that peer;
    /// it does unless this is called. With `false` the peer keeps the other one, and [`Node::connect`](crate::node::Node::connect)
    /// fails with [`HandshakeError::AlreadyConnected`](crate::protocol::handshake::HandshakeError::AlreadyConnected): for
    /// programs that are no node of their own and could meet one of their name. A node that lives on has to take over,
    /// or it could not come back after a half-open connection until the peer's tick time is up.
    #[must_use]
    pub fn take_over(mut self, take_over: bool) -> Self {
        self.take_over = take_over;
        self
    }

    /// Whether long messages come and go in fragments, between which others pass, where the peer can do with them as well; they
    /// do unless this is called or the environment variable `NODEX_FRAGMENTS` says `off`. Without them a long message holds up
    /// all that follows it, and none is longer than a frame. [`LinkLimits::max_message`] and its like bound them.
    #[must_use]
    pub fn fragments(mut self, fragments: bool) -> Self {
        self.fragments = Some(fragments);
        self
    }

    /// How long running handlers may go on after the node was asked to stop; 4 s unless set.
    ///
    /// For a node executable what its host says in the environment variable `NODEX_DRAIN` comes first, because the host
    /// knows when it will kill; it is written as [`duration`](crate::duration) says. If the connection is lost, 80 ms are left in any case.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = Some(time);
        self
    }
}

impl Builder {
    /// Whether it was told to do with fragments: they are used unless the environment says `off`.
    pub(in crate::node) fn offers_fragments(&self) -> bool {
        self.fragments.unwrap_or_else(|| std::env::var_os("NODEX_FRAGMENTS").is_none_or(|value| value != "off"))
    }

    /// What a node of this name is made of.
    pub(in crate::node) fn config(self, identity: Identity, cookie: Cookie) -> Config {
        Config {
            identity,
            cookie,
            locate: self.locate,
            visible: self.visible,
            take_over: self.take_over,
            fragments: self.offers_fragments(),
            limits: self.limits,
            extensions: self.extensions,
            registrations: self.registrations,
            every_node: every_node(),
        }
    }
}

/// Those of the services that a node is built with.
const PERMANENT: ServiceOptions = ServiceOptions::built_in();

impl Registration {
    fn usual(name: Option<Atom>, service: Box<dyn Service>) -> Self {
        Registration { name, services: vec![service], exit_policy: ExitPolicy::PERMANENT, ends: None, factory: None }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.registrations.iter().map(|known| &known.name).collect();
        f.debug_struct("Builder").field("names", &names).field("limits", &self.limits).finish_non_exhaustive()
    }
}
