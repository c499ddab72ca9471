//! Services under test: a node and a caller in one process, without epmd, arguments or an Erlang installation.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use crate::{
    convert::{FromTerm, IntoTerm},
    net::{ConnectError, Locate},
    node::{
        api::{builder::Builder, call::CallError, node::Node},
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
    protocol::Cookie,
    random,
    term::Atom,
};

/// How long a reply is waited for.
const LIMIT: Duration = Duration::from_secs(5);

/// A node with the services that are to be tested, and a node that calls it over a socket of the loopback interface.
///
/// Everything between the two is real: messages are encoded and framed, found by name and arity, answered in order.
/// Both nodes stop when it is dropped.
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

/// Why the services cannot be tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// No node can be made of them.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The system gives no random numbers, which their cookie is made of.
    #[error(transparent)]
    Random(#[from] std::io::Error),
    /// The two nodes do not connect.
    #[error(transparent)]
    Connect(#[from] Arc<ConnectError>),
}

impl TestNode {
    /// Creates a node with this service.
    ///
    /// # Errors
    /// Returns an error when the service cannot be served, or the loopback interface cannot be used.
    pub async fn serve(service: impl IntoService) -> Result<Self, TestError> {
        Self::start(Builder::new().service(service)).await
    }

    /// Creates a node with several services or with state; where it would listen is skipped, as only the caller
    /// knows the cookie.
    ///
    /// # Errors
    /// As [`serve`](Self::serve).
    pub async fn start(builder: Builder) -> Result<Self, TestError> {
        let digits = (0..4).map(|_| random::challenge().map(|number| format!("{number:08x}")));
        let secret = digits.collect::<Result<String, _>>()?;
        let Ok(cookie) = Cookie::new(&secret) else { unreachable!("32 digits are a cookie") };
        let name = |name| Identity::incarnation(Atom::from_static(name));
        // Found by its port alone, so whether there is an epmd does not matter.
        let served = Arc::new(Inner::new(builder.epmd_port(0).config(name("test_node@127.0.0.1"), cookie.clone()))?);
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let port = listen::start::<Dispatch>(&served, Listen { address, publish: false }).await?;
        let mut caller = Inner::new(Builder::new().epmd_port(0).config(name("test_caller@127.0.0.1"), cookie))?;
        caller.locate = Locate::Fixed(port);
        let test = TestNode { node: Node::from_inner(served), caller: Node::from_inner(Arc::new(caller)) };
        test.caller.connect(test.node.name()).await?;
        Ok(test)
    }

    /// Sends a plain message, such as `(atom!("add"), 1, 2)`, and waits up to five seconds for the reply.
    ///
    /// # Errors
    /// Returns an error when there is no reply, or it is no `R`.
    pub async fn request<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CallError> {
        self.caller.request(self.process("test"), message, LIMIT).await
    }

    /// Returns the same as `GenServer.call`.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn call<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CallError> {
        self.caller.call(self.process("test"), message, LIMIT).await
    }

    /// `GenServer.cast`: nothing comes back.
    ///
    /// # Errors
    /// Returns an error when it cannot be sent.
    pub async fn cast(&self, message: impl IntoTerm) -> Result<(), CallError> {
        self.caller.cast(self.process("test"), message).await
    }

    /// Returns the process of this registered name on the node, for the methods of [`caller`](Self::caller).
    ///
    /// # Panics
    /// Panics when the name has more than 255 characters.
    pub fn process(&self, name: &'static str) -> Destination {
        Destination::Name { name: Atom::from_static(name), node: self.node.name().clone() }
    }

    /// Returns the node that serves.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the node that calls it.
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
