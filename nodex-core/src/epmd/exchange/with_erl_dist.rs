//! The same requests, made by the epmd client of the crate erl_dist.
use erl_dist::epmd::{EpmdClient, EpmdError, NodeEntry, NodeType};
use futures::io::{AsyncRead, AsyncWrite};

use super::Fault;
use crate::epmd::Entry;

/// Returns the entry of the node with this name; `None` if it is not registered.
pub(in crate::epmd) async fn lookup<T>(stream: T, name: &str) -> Result<Option<Entry>, Fault>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let found = EpmdClient::new(stream).get_node(name).await?;
    Ok(found.map(|found| Entry {
        name: found.name,
        port: found.port,
        node_type: found.node_type.into(),
        protocol: found.protocol.into(),
        highest_version: found.highest_version,
        lowest_version: found.lowest_version,
        extra: found.extra,
    }))
}

/// Registers a node as long as the stream lives, and returns its creation; `None` if epmd refuses.
pub(in crate::epmd) async fn register<T>(stream: T, entry: &Entry) -> Result<Option<(T, u32)>, Fault>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let node = NodeEntry {
        name: entry.name.clone(),
        port: entry.port,
        // Not `NodeType::Hidden`, which is 72: hidden nodes are 104.
        node_type: NodeType::Other(entry.node_type),
        protocol: entry.protocol.into(),
        highest_version: entry.highest_version,
        lowest_version: entry.lowest_version,
        extra: entry.extra.clone(),
    };
    match EpmdClient::new(stream).register(node).await {
        Ok((stream, creation)) => Ok(Some((stream, creation.get()))),
        Err(EpmdError::RegisterNodeError { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl From<EpmdError> for Fault {
    fn from(error: EpmdError) -> Self {
        match error {
            EpmdError::Io(source) => Fault::Io(source),
            EpmdError::UnknownResponseTag { tag, .. } => Fault::Tag(tag),
            EpmdError::GetNodeEntryError { code } => Fault::Result(code),
            other => Fault::Other(other.into()),
        }
    }
}
