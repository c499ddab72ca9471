//! [`Context`].

use std::{fmt, sync::Arc};

use super::{extensions::Extensions, kept_calls::KeptCalls, line::Line};
use crate::{
    etf::Encoder,
    node::{address::Address, counters::Counters, shared::Shared},
    protocol::Flags,
    term::Atom,
};

/// The node of a handler and the connection of its caller, as an argument of the handler. Cheap to clone and to keep.
///
/// ```
/// use nodex_core::{atom, node::{Caller, Context, Functions, testing::TestNode}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // `{subscribe, N}` is answered with `ok`, and then the caller receives `{news, N}`.
/// let service = Functions::new().add_async("subscribe", |number: u32, caller: Caller, context: Context| async move {
///     let subscriber = caller.pid().expect("the caller has a pid");
///     context.node().send(subscriber, (atom!("news"), number)).await.expect("the caller is connected");
/// });
/// let node = TestNode::serve(service).await?;
///
/// let mut mailbox = node.caller().mailbox();
/// mailbox.send(node.process("publisher"), (atom!("subscribe"), 7)).await?;
/// assert_eq!(mailbox.receive().await.to_string(), "{news,7}");
/// assert_eq!(mailbox.receive().await.to_string(), "ok");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Context {
    origin: Arc<Origin>,
    /// The process whose handler received it.
    process: Option<Arc<Address>>,
}

struct Origin {
    node: Arc<dyn Shared>,
    common: Arc<Common>,
    line: Arc<Line>,
}

/// The state that all calls of a node share.
#[derive(Debug, Default)]
pub(in crate::node) struct Common {
    /// The values that handlers take as `State`.
    pub(in crate::node) extensions: Extensions,
    /// Kept callers that wait for an answer.
    pub(in crate::node) kept: KeptCalls,
}

impl Context {
    pub(in crate::node) fn new(node: Arc<dyn Shared>, common: Arc<Common>, line: Arc<Line>) -> Self {
        Context { origin: Arc::new(Origin { node, common, line }), process: None }
    }

    /// Returns the name of the node that called.
    pub fn peer(&self) -> &Atom {
        &self.origin.line.name
    }

    /// Returns the context for a handler of this process.
    pub(in crate::node) fn of(&self, process: &Arc<Address>) -> Self {
        Context { origin: self.origin.clone(), process: Some(process.clone()) }
    }

    pub(in crate::node) fn process(&self) -> Option<&Arc<Address>> {
        self.process.as_ref()
    }

    /// Returns the node that the handler runs in.
    pub(in crate::node) fn shared(&self) -> &Arc<dyn Shared> {
        &self.origin.node
    }

    /// Returns the flags that both nodes support.
    pub(in crate::node) fn flags(&self) -> Flags {
        self.origin.line.flags
    }

    /// Returns the connection.
    pub(in crate::node) fn line(&self) -> &Arc<Line> {
        &self.origin.line
    }

    #[inline]
    pub(in crate::node) fn counters(&self) -> &Counters {
        &self.origin.line.counters
    }

    pub(in crate::node) fn extensions(&self) -> &Extensions {
        &self.origin.common.extensions
    }

    /// Returns the kept callers of this node.
    pub(in crate::node) fn kept(&self) -> &KeptCalls {
        &self.origin.common.kept
    }

    /// Appends frames to the output of the connection.
    pub(in crate::node) fn push<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.origin.line.outbox.push(write)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("peer", self.peer()).finish_non_exhaustive()
    }
}
