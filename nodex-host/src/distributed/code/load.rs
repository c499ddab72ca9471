//! Sending compiled modules to BEAMs.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use nodex_core::{
    atom,
    convert::{DecodeError, FromTerm},
    etf::Decoder,
    net::ConnectError,
    node::{NameError, NodeName, RpcError},
    term::{Atom, RawTerm},
};
use thiserror::Error;

use super::ObjectCode;
use crate::distributed::Distributed;

/// Why a module could not be loaded into a node, with both.
#[derive(Debug, Clone, Error)]
#[error("{module} cannot be loaded into {node}")]
#[non_exhaustive]
pub struct LoadError {
    /// The node.
    pub node: String,
    /// The module.
    pub module: Atom,
    /// Why not.
    #[source]
    pub problem: LoadProblem,
}

/// Why a module could not be loaded: the error of `code:load_binary/3`, or of calling it.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum LoadProblem {
    /// `badfile`: the code is broken, is another module, or was compiled by a later release.
    #[error("its release takes it for no object code of this module (badfile)")]
    BadFile,
    /// `sticky_directory`: it would replace a module of Erlang/OTP itself.
    #[error("it would replace a module of Erlang/OTP (sticky_directory)")]
    StickyDirectory,
    /// `not_purged`: processes run the version before the last one.
    #[error("processes still run an old version of it (not_purged)")]
    NotPurged,
    /// `on_load_failure`: its `-on_load` function did not return `ok`.
    #[error("its on_load function failed (on_load_failure)")]
    OnLoadFailure,
    /// Another reason.
    #[error("{reason}")]
    Other {
        /// The reason of the code server.
        reason: RawTerm,
    },
    /// The node could not be called.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

impl LoadError {
    fn no_node(error: NameError, code: &ObjectCode) -> LoadError {
        let node = if let NameError::Node { name, .. } = &error { name.clone() } else { String::new() };
        let problem = RpcError::Connect(Arc::new(ConnectError::Name(error))).into();
        LoadError { node, module: code.module.clone(), problem }
    }
}

impl Distributed {
    /// Returns a module from the code path of a BEAM, without loading it there; `None` if it has no such module.
    ///
    /// # Errors
    /// Returns an error when the node cannot be called.
    pub async fn load_object_code(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        module: &str,
        limit: Duration,
    ) -> Result<Option<ObjectCode>, RpcError> {
        let Found(found) = self.rpc(node, "code", "get_object_code", &[&Atom::new(module)?], limit).await?;
        Ok(found)
    }

    /// Loads a module into a BEAM, with `code:load_binary/3`.
    ///
    /// # Errors
    /// Returns an error when the code server refuses it, or the node cannot be called.
    pub async fn load_module(
        &self,
        node: impl TryInto<NodeName, Error: Into<NameError>>,
        code: &ObjectCode,
        limit: Duration,
    ) -> Result<(), LoadError> {
        let file = code.file_name();
        let node: NodeName = match node.try_into().map_err(Into::into) {
            Ok(node) => node,
            Err(problem) => return Err(LoadError::no_node(problem, code)),
        };
        let problem = match self.rpc(&node, "code", "load_binary", &[&code.module, &file, &code.binary], limit).await {
            Ok(Loaded(Ok(()))) => return Ok(()),
            Ok(Loaded(Err(problem))) => problem,
            Err(error) => error.into(),
        };
        Err(LoadError { node: node.to_string(), module: code.module.clone(), problem })
    }

    /// Loads a module into all slaves of this host, concurrently.
    ///
    /// # Errors
    /// Returns the errors of the slaves into which it could not be loaded. The others have loaded it.
    pub async fn load_module_everywhere(&self, code: &ObjectCode, limit: Duration) -> Result<(), Vec<LoadError>> {
        let slaves = self.slaves();
        let loading = slaves.iter().map(|slave| self.load_module(slave.node(), code, limit));
        let errors: Vec<LoadError> = join_all(loading).await.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// `{Module, Binary, File}` or `error`.
struct Found(Option<ObjectCode>);

impl FromTerm for Found {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if decoder.take_atom("error") {
            return Ok(Found(None));
        }
        ObjectCode::decode(decoder).map(Some).map(Found)
    }
}

/// `{module, Module}` or `{error, What}`.
struct Loaded(Result<(), LoadProblem>);

impl FromTerm for Loaded {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (outcome, what) = <(Atom, RawTerm)>::decode(decoder)?;
        if outcome == "module" {
            return Ok(Loaded(Ok(())));
        }
        let is = |name: Atom| what.decode::<Atom>().is_ok_and(|reason| reason == name);
        Ok(Loaded(Err(if is(atom!("badfile")) {
            LoadProblem::BadFile
        } else if is(atom!("sticky_directory")) {
            LoadProblem::StickyDirectory
        } else if is(atom!("not_purged")) {
            LoadProblem::NotPurged
        } else if is(atom!("on_load_failure")) {
            LoadProblem::OnLoadFailure
        } else {
            LoadProblem::Other { reason: what }
        })))
    }
}
