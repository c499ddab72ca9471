//! [`TestNode`].

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use crate::{
    convert::{FromTerm, IntoTerm},
    net::{ConnectError, Locate},
    node::{
        api::{builder::NodeBuilder, call::CallError, node::Node},
        connection::{
            inner::Inner,
            listen::{self, Listen},
            outgoing::Destination,
        },
        error::StartError,
        inbound::Dispatch,
        service::interface::IntoService,
        shared::Identity,
    },
    protocol::{Cookie, NodeName},
    random,
    term::Atom,
};

/// How long a call waits for its reply.
const LIMIT: Duration = Duration::from_secs(5);

/// A node with the services under test, and a second node that calls it over a loopback socket.
///
/// Messages take the way that they take in production: they are encoded, framed, dispatched by name and arity, and
/// answered in order. Both nodes stop when the value is dropped.
///
/// ```
/// use nodex_core::{atom, node::{Functions, testing::TestNode}, term::Atom};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = TestNode::serve(Functions::new().add("double", |n: i64| n.checked_mul(2))).await?;
/// assert_eq!(node.request::<i64>((atom!("double"), 21)).await?, 42);
/// assert_eq!(node.call::<i64>((atom!("double"), 21)).await?, 42);
/// let refused: (Atom, Atom) = node.request(atom!("triple")).await?;
/// assert_eq!(refused, (atom!("error"), atom!("unknown_call")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestNode {
    node: Node,
    caller: Node,
}

/// Why a [`TestNode`] cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The services cannot be served.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system has no random numbers for the cookie.
    #[error(transparent)]
    Random(#[from] std::io::Error),
    /// The two nodes cannot connect.
    #[error(transparent)]
    Connect(#[from] Arc<ConnectError>),
}

impl TestNode {
    /// Starts a node with this service.
    ///
    /// # Errors
    /// Returns an error when the service cannot be served, or the loopback interface cannot be used.
    pub async fn serve(service: impl IntoService) -> Result<Self, TestError> {
        Self::start(NodeBuilder::new().service(service)).await
    }

    /// Starts a node with several services or with state. The address of the builder is ignored, because only the
    /// caller knows the cookie.
    ///
    /// # Errors
    /// Returns the errors of [`serve`](Self::serve).
    pub async fn start(builder: NodeBuilder) -> Result<Self, TestError> {
        let digits = (0..4).map(|_| random::challenge().map(|number| format!("{number:08x}")));
        let secret = digits.collect::<Result<String, _>>()?;
        let Ok(cookie) = Cookie::new(&secret) else { unreachable!("32 digits are a cookie") };
        let name = |name| Identity::incarnation(Atom::from_static(name));
        // Found by its port alone, so whether there is an epmd does not matter.
        let served = Arc::new(Inner::new(builder.epmd_port(0).config(name("test_node@127.0.0.1"), cookie.clone())?)?);
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let port = listen::start::<Dispatch>(&served, Listen { address, publish: false }).await?;
        let mut caller = Inner::new(NodeBuilder::new().epmd_port(0).config(name("test_caller@127.0.0.1"), cookie)?)?;
        caller.locate = Locate::Fixed(port);
        let test = TestNode { node: Node::from_inner(served), caller: Node::from_inner(Arc::new(caller)) };
        test.caller.connect_to(test.node.name()).await?;
        Ok(test)
    }

    /// Sends a plain message, such as `(atom!("add"), 1, 2)`, and waits up to five seconds for the reply.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`.
    pub async fn request<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CallError> {
        self.caller.request(self.process("test"), message, LIMIT).await
    }

    /// Calls as `GenServer.call` does, and waits up to five seconds for the reply.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request).
    pub async fn call<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CallError> {
        self.caller.call(self.process("test"), message, LIMIT).await
    }

    /// Sends a cast, like `GenServer.cast`.
    ///
    /// # Errors
    /// Returns an error when the cast cannot be sent.
    pub async fn cast(&self, message: impl IntoTerm) -> Result<(), CallError> {
        self.caller.cast(self.process("test"), message).await
    }

    /// Returns the process with this registered name on the node, for the methods of [`caller`](Self::caller).
    ///
    /// # Panics
    /// Panics when the name has more than 255 characters.
    pub fn process(&self, name: &'static str) -> Destination {
        Destination::Name { name: Atom::from_static(name).into(), node: NodeName::of_a_node(self.node.name().clone()) }
    }

    /// Returns the node that serves.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the node that calls.
    pub fn caller(&self) -> &Node {
        &self.caller
    }
}

impl Drop for TestNode {
    fn drop(&mut self) {
        self.node.cancel();
        self.caller.cancel();
    }
}
