//! [`NodeBuilder`]: what a node is made of.

use std::{ffi::OsStr, net::SocketAddr, time::Duration};

use super::service_options::ServiceOptions;
use crate::{
    net::{LinkLimits, Locate},
    node::{
        connection::{inner::Config, listen::Listen},
        error::{ServiceError, StartError},
        process::{exit_policy::ExitPolicy, factory::Factory, registry::Registration},
        service::{
            extensions::Extensions,
            interface::{IntoService, Service},
        },
        shared::Identity,
        system::every_node,
    },
    protocol::{Cookie, NameError, ProcessName},
    term::Atom,
};

/// What a node serves, and how it connects.
///
/// [`start`](Self::start) makes a running node of it. `nodex::main!` writes the builder of a node executable,
/// which [`main`](crate::node::main()) runs.
///
/// ```
/// use std::time::Duration;
///
/// use nodex_core::{atom, node::{Functions, NodeBuilder, testing::TestNode}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sums = Functions::new().add("add", |a: i64, b: i64| a + b);
/// let texts = Functions::new().add("upper", |text: String| text.to_uppercase());
/// let builder = NodeBuilder::new().register("sums", sums).register("texts", texts);
///
/// // A test node runs the builder without epmd, beside a second node that calls it.
/// let node = TestNode::start(builder).await?;
/// let (texts, limit) = (node.process("texts"), Duration::from_secs(5));
/// let text: String = node.caller().call(texts, (atom!("upper"), "tea"), limit).await?;
/// assert_eq!(text, "TEA");
/// # Ok(())
/// # }
/// ```
pub struct NodeBuilder {
    /// The services that answer any name come first.
    pub(in crate::node) registrations: Vec<Registration>,
    pub(in crate::node) extensions: Extensions,
    pub(in crate::node) limits: LinkLimits,
    pub(in crate::node) drain: Option<Duration>,
    pub(in crate::node) listen: Option<Listen>,
    pub(in crate::node) readers: Option<usize>,
    pub(in crate::node) locate: Option<Locate>,
    pub(in crate::node) visible: bool,
    pub(in crate::node) take_over: bool,
    bad_name: Option<NameError>,
    pub(in crate::node) fragments: Option<bool>,
}

impl Default for NodeBuilder {
    fn default() -> Self {
        NodeBuilder {
            registrations: Vec::new(),
            extensions: Extensions::default(),
            limits: LinkLimits::default(),
            drain: None,
            listen: None,
            readers: None,
            locate: None,
            visible: false,
            take_over: true,
            bad_name: None,
            fragments: None,
        }
    }
}

impl NodeBuilder {
    /// Creates a builder without a service.
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

    /// Like [`service`](Self::service), with options, which apply to all services that answer every name.
    #[must_use]
    pub fn service_with(self, options: ServiceOptions, service: impl IntoService) -> Self {
        let mut builder = self.service(service);
        let known = builder.registrations.iter_mut().filter(|known| known.name.is_none() && known.factory.is_none());
        known.for_each(|known| (known.exit_policy, known.ends) = (options.exit_policy(), options.ends()));
        builder
    }

    /// Adds a service under a registered name of its own.
    #[must_use]
    pub fn register(
        mut self,
        name: impl TryInto<ProcessName, Error: Into<NameError>>,
        service: impl IntoService,
    ) -> Self {
        let service: Box<dyn Service> = Box::new(service.into_service());
        let name = self.name(name);
        self.registrations.push(Registration::usual(name, service));
        self
    }

    /// Like [`register`](Self::register), with options.
    #[must_use]
    pub fn register_with(
        mut self,
        name: impl TryInto<ProcessName, Error: Into<NameError>>,
        options: ServiceOptions,
        service: impl IntoService,
    ) -> Self {
        let service: Box<dyn Service> = Box::new(service.into_service());
        let usual = Registration::usual(self.name(name), service);
        self.registrations.push(Registration { exit_policy: options.exit_policy(), ends: options.ends(), ..usual });
        self
    }

    /// Adds a service that answers every registered name and is made again when it fails. A node has at most one such
    /// service. See [`Self::register_factory`].
    #[must_use]
    pub fn factory<S: IntoService>(self, make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        self.made_by(None, PERMANENT, make)
    }

    /// Like [`factory`](Self::factory), with options.
    #[must_use]
    pub fn factory_with<S: IntoService>(
        self,
        options: ServiceOptions,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        self.made_by(None, options, make)
    }

    /// Adds a service under a registered name that is made again when it ends with a reason other than `normal`,
    /// `shutdown` and `{shutdown, _}`. The new service has the same name and another pid; processes that monitor the old
    /// one receive its `'DOWN'` message.
    ///
    /// A service that ends normally, or fails more than 3 times within 5 seconds, is not made again. Its
    /// [`ServiceType`](crate::node::ServiceType) decides what happens then.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use nodex_core::node::{Functions, NodeBuilder, ServiceOptions};
    ///
    /// let counter = || {
    ///     let count = AtomicU64::new(0);
    ///     Functions::new().add("next", move || count.fetch_add(1, Ordering::Relaxed))
    /// };
    /// let node = NodeBuilder::new().register_factory("counter", counter);
    /// // With these options a handler that panics ends the counter, and the next counter starts at 0.
    /// let options = ServiceOptions::new().trap_exit(true).stop_on_panic(true);
    /// let node = NodeBuilder::new().register_factory_with("counter", options, counter);
    /// ```
    #[must_use]
    pub fn register_factory<S: IntoService>(
        mut self,
        name: impl TryInto<ProcessName, Error: Into<NameError>>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let name = self.name(name);
        self.made_by(name, PERMANENT, make)
    }

    /// Like [`register_factory`](Self::register_factory), with options.
    #[must_use]
    pub fn register_factory_with<S: IntoService>(
        mut self,
        name: impl TryInto<ProcessName, Error: Into<NameError>>,
        options: ServiceOptions,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let name = self.name(name);
        self.made_by(name, options, make)
    }

    /// Returns the name of a service. An invalid one is reported when the node is started.
    fn name(&mut self, name: impl TryInto<ProcessName, Error: Into<NameError>>) -> Option<Atom> {
        let checked = name.try_into().map_err(|error| self.bad_name = Some(error.into()));
        checked.ok().map(Atom::from)
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

    /// Sets the limits of every connection.
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

    /// Listens without registering in epmd: peers must know the port.
    #[must_use]
    pub fn listen_unpublished(mut self, address: SocketAddr) -> Self {
        self.listen = Some(Listen { address, publish: false });
        self
    }

    /// Uses the epmd that listens on this port, on every host. By default the port is `ERL_EPMD_PORT` or 4369; if
    /// `ERL_DIST_PORT` is set, no epmd is used, and all nodes listen on that port.
    #[must_use]
    pub fn epmd_port(mut self, port: u16) -> Self {
        self.locate = Some(Locate::Epmd(port));
        self
    }

    /// Uses no epmd: all nodes listen on this port, each on a host or an address of its own, as with `erl`'s
    /// `-erl_epmd_port`. This node does so too if the port in [`Self::listen`] is 0.
    #[must_use]
    pub fn dist_port(mut self, port: u16) -> Self {
        self.locate = Some(Locate::Fixed(port));
        self
    }

    /// Sets whether the node is visible. By default it is hidden.
    ///
    /// A visible node is listed by `nodes()` on every BEAM that it is connected with. It does not take part in `global`,
    /// and tells the BEAMs so: `global:sync/0`, `set_lock/1`, `trans/2` and `register_name/2` work there as without
    /// this node, and BEAMs do not disconnect from each other when it is lost (`prevent_overlapping_partitions`).
    /// Libraries that form clusters may mistake it for a BEAM.
    #[must_use]
    pub fn visible(mut self, visible: bool) -> Self {
        self.visible = visible;
        self
    }

    /// Sets whether a new connection of this node replaces one that a node of the same name has with the peer. By default
    /// it does, so that a node can come back after a half-open connection without waiting for the peer's tick time.
    ///
    /// With `false` the peer keeps its connection, and [`Node::connect`](crate::node::Node::connect) fails with
    /// [`HandshakeError::AlreadyConnected`](crate::protocol::handshake::HandshakeError::AlreadyConnected). This suits
    /// tools that join for a moment and might use a name that is taken.
    #[must_use]
    pub fn take_over(mut self, take_over: bool) -> Self {
        self.take_over = take_over;
        self
    }

    /// Sets whether this node supports fragments. If both nodes do, long messages are sent and received in fragments,
    /// between which other messages pass. Default: on, unless the environment variable `NODEX_FRAGMENTS` is `off`. The
    /// variable can also be `on`; with another value no node starts. Without fragments a long message delays all that
    /// follow it, and no message can be longer than a frame. [`LinkLimits::max_message`], [`LinkLimits::max_fragments`]
    /// and [`LinkLimits::max_sequences`] bound messages in fragments.
    #[must_use]
    pub fn fragments(mut self, fragments: bool) -> Self {
        self.fragments = Some(fragments);
        self
    }

    /// Sets how many threads drive the connections of a node that listens. Each connection stays with one thread for as long
    /// as it lasts, and the thread that waits for it handles what arrives. 0 leaves the connections to the runtime in which
    /// the node is started. Default: one thread for each processor, at most 64, in a runtime of several threads; 0 in a
    /// runtime of one thread. A node that does not listen has no such threads.
    ///
    /// What handlers spawn, the sockets that they open and their timers belong to the runtime of the program in any case. A
    /// handler that blocks its thread delays the other connections of this thread, and `tokio::task::block_in_place` panics
    /// on it: such handlers must be `#[cnode(blocking)]`.
    #[must_use]
    pub fn readers(mut self, count: usize) -> Self {
        self.readers = Some(count.min(MAX_READERS));
        self
    }

    /// Sets how long running handlers may continue after the node was asked to stop. Default: 4 s.
    ///
    /// In a node executable the environment variable `NODEX_DRAIN`, in the form of [`duration`](crate::duration), takes
    /// precedence, because the host knows when it will kill the node. After a lost connection 80 ms remain in any case.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = Some(time);
        self
    }
}

/// The environment variable that turns fragments on or off.
const FRAGMENTS: &str = "NODEX_FRAGMENTS";

/// Returns the value of the variable, if it is set.
fn fragments_in(value: Option<&OsStr>) -> Result<Option<bool>, StartError> {
    /// The number of bytes of another value that an error shows.
    const SHOWN: usize = 40;
    match value.map(OsStr::to_string_lossy).as_deref() {
        None | Some("") => Ok(None),
        Some("on") => Ok(Some(true)),
        Some("off") => Ok(Some(false)),
        Some(other) => Err(StartError::Fragments { value: other.chars().take(SHOWN).collect() }),
    }
}

/// No node has more threads than this that drive connections.
pub(in crate::node) const MAX_READERS: usize = 64;

impl NodeBuilder {
    /// Returns whether the node supports fragments: as set, otherwise unless the environment variable is `off`.
    pub(in crate::node) fn offers_fragments(&self) -> Result<bool, StartError> {
        match self.fragments {
            Some(fragments) => Ok(fragments),
            None => Ok(fragments_in(std::env::var_os(FRAGMENTS).as_deref())?.unwrap_or(true)),
        }
    }

    /// Returns the configuration of a node with this name.
    pub(in crate::node) fn config(self, identity: Identity, cookie: Cookie) -> Result<Config, StartError> {
        if let Some(error) = self.bad_name {
            return Err(ServiceError::from(error).into());
        }
        Ok(Config {
            identity,
            cookie,
            locate: self.locate,
            visible: self.visible,
            take_over: self.take_over,
            fragments: self.offers_fragments()?,
            limits: self.limits,
            readers: None,
            extensions: self.extensions,
            registrations: self.registrations,
            every_node: every_node(),
        })
    }
}

/// The options of the services that a node is built with.
const PERMANENT: ServiceOptions = ServiceOptions::built_in();

impl Registration {
    fn usual(name: Option<Atom>, service: Box<dyn Service>) -> Self {
        Registration { name, services: vec![service], exit_policy: ExitPolicy::PERMANENT, ends: None, factory: None }
    }
}

impl std::fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.registrations.iter().map(|known| &known.name).collect();
        f.debug_struct("NodeBuilder").field("names", &names).field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_on_or_off_about_fragments() {
        let said = |value: &str| fragments_in(Some(value.as_ref()));
        assert!(matches!(fragments_in(None), Ok(None)));
        assert!(matches!((said(""), said("on"), said("off")), (Ok(None), Ok(Some(true)), Ok(Some(false)))));
        for value in ["OFF", "0", "false", " off", "\u{1b}[2J", &"o".repeat(1000)] {
            let error = said(value).expect_err("another value").to_string();
            assert!(
                error.starts_with("the environment variable NODEX_FRAGMENTS is to be on or off, not \""),
                "{error}"
            );
            assert!(error.len() < 120 && !error.contains('\u{1b}'), "{error}");
        }
    }
}
