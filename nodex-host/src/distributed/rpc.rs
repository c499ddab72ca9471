//! Calls of functions on other nodes, and the code paths and configuration of a BEAM.

use std::{path::PathBuf, sync::Arc, time::Duration};

use nodex_core::{
    convert::{Charlist, FromTerm, IntoTerm},
    net::ConnectError,
    node::{NameError, NodeName, RpcError},
    term::{Atom, RawTerm},
};

use super::{Distributed, Environment};

/// The name of a node from the user.
pub(super) fn checked(node: impl TryInto<NodeName, Error: Into<NameError>>) -> Result<NodeName, RpcError> {
    node.try_into().map_err(|error| RpcError::Connect(Arc::new(ConnectError::Name(error.into()))))
}

impl Distributed {
    /// Calls a function of any node, and returns its value as a Rust type or as a [`Term`](nodex_core::term::Term).
    ///
    /// This is [`Node::rpc`](nodex_core::node::Node::rpc) of [`node`](Self::node).
    ///
    /// # Errors
    /// Returns an error when there is no value. [`RpcError::exception`] has the class and the reason of an exception.
    pub async fn rpc<R: FromTerm>(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        module: &str,
        function: &str,
        arguments: &[&(dyn IntoTerm + Sync)],
        limit: Duration,
    ) -> Result<R, RpcError> {
        self.node().rpc(node, module, function, arguments, limit).await
    }

    /// Returns the code path of a BEAM without the folders of its Erlang/OTP, for
    /// [`SlaveBuilder::code_paths`](super::SlaveBuilder::code_paths). Relative folders are left out.
    ///
    /// # Errors
    /// Returns an error when the node cannot be called.
    pub async fn code_paths(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        limit: Duration,
    ) -> Result<Vec<PathBuf>, RpcError> {
        let node = &checked(node)?;
        let otp: Charlist = self.rpc(node, "code", "lib_dir", &[], limit).await?;
        let all: Vec<Charlist> = self.rpc(node, "code", "get_path", &[], limit).await?;
        let all = all.into_iter().map(|folder| PathBuf::from(folder.0));
        Ok(all.filter(|folder| folder.is_absolute() && !folder.starts_with(&otp.0)).collect())
    }

    /// Returns the parameters of all applications that are loaded in a BEAM, for
    /// [`SlaveBuilder::environment`](super::SlaveBuilder::environment). Those of `kernel` are left out, because they
    /// say how that node listens.
    ///
    /// # Errors
    /// Returns an error when the node cannot be called.
    pub async fn environment(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        limit: Duration,
    ) -> Result<Environment, RpcError> {
        let node = &checked(node)?;
        let mut environment = Environment::new();
        let loaded: Vec<(Atom, RawTerm, RawTerm)> =
            self.rpc(node, "application", "loaded_applications", &[], limit).await?;
        for (application, _, _) in loaded {
            if application == "kernel" {
                continue;
            }
            let parameters: Vec<(RawTerm, RawTerm)> =
                self.rpc(node, "application", "get_all_env", &[&application], limit).await?;
            for (key, value) in parameters {
                environment.put(application.clone(), key, value);
            }
        }
        Ok(environment)
    }
}
