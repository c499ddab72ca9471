//! Calls of functions on other nodes, as `erpc:call/5` makes them.
//!
//! As in `erpc.erl`, a process is spawned on the other node. It applies the function and exits with the result, which
//! the monitor brings back.

use std::{sync::Arc, time::Duration};

use super::{call::CallError, node::Node};
use crate::{
    convert::{FromTerm, IntoTerm},
    net::ConnectError,
    node::{connection::erpc::RpcError, moment::Moment},
    protocol::{NameError, NodeName},
    term::Atom,
};

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Timeout { limit } => RpcError::Timeout { limit },
            CallError::Name(error) => RpcError::Connect(Arc::new(ConnectError::Name(error))),
            CallError::Connect(error) => RpcError::Connect(error),
            CallError::TooLong { length, limit } => RpcError::TooLong { length, limit },
            CallError::Encode(error) => RpcError::Encode(error),
            CallError::Unsupported(error) => RpcError::Unsupported(error),
            CallError::UnknownFunction { error, reply }
            | CallError::BadArgument { error, reply, .. }
            | CallError::Panic { error, reply, .. }
            | CallError::Unencodable { error, reply, .. }
            | CallError::Draining { error, reply }
            | CallError::Refused { error, reply, .. }
            | CallError::Reply { error, reply } => RpcError::Result { error, value: reply },
            CallError::Exit { reason } => RpcError::Signal { reason },
            CallError::NoConnection | CallError::NoProcess => RpcError::NoConnection,
        }
    }
}

impl Node {
    /// Calls a function of another node, like `erpc:call/5`. Connects first if necessary.
    ///
    /// The output of the function is dropped, and its input is empty.
    ///
    /// ```no_run
    /// # async fn ask(node: nodex_core::node::Node) -> Result<(), nodex_core::node::RpcError> {
    /// use std::{sync::Arc, time::Duration};
    ///
    /// let numbers = vec![1, 2, 3];
    /// let limit = Duration::from_secs(5);
    /// let sum: i64 = node.rpc("beam@127.0.0.1", "lists", "sum", &[&numbers], limit).await?;
    /// # assert_eq!(sum, 6);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error when there is no result, or the result is not an `R`: see [`RpcError`].
    pub async fn rpc<R: FromTerm>(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        module: &str,
        function: &str,
        arguments: &[&(dyn IntoTerm + Sync)],
        limit: Duration,
    ) -> Result<R, RpcError> {
        let until = Moment::now().plus(limit);
        let node: NodeName = node.try_into().map_err(|error| CallError::Name(error.into()))?;
        let (module, function) = (Atom::new(module)?, Atom::new(function)?);
        let peer = self.connected(node.as_atom(), until, limit).await?;
        self.0.erpc(&peer, &module, &function, arguments, limit, until).await
    }
}
