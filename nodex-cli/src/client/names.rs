//! The name of this command among the nodes.

use nodex_core::{error::Chain, node::StartError, protocol::handshake::check_own_name};

use super::failures::to_itself;
use crate::{
    failure::{Code, Failure},
    options::Global,
};

/// The number of concurrent commands that find a name of their own at nodes that assign none.
const NAMES: u32 = 100;

/// Returns the name that this command was told to have among the nodes, in full.
pub(crate) fn own_name(global: &Global) -> Result<Option<String>, Failure> {
    let Some(name) = &global.name else { return Ok(None) };
    let name = full_name(name);
    match check_own_name(&name) {
        Ok(()) => Ok(Some(name)),
        Err(problem) => Err(start_failure(StartError::Name { name, problem })),
    }
}

/// Returns the same, which cannot be the name of the node that it talks to.
pub(crate) fn own_name_to(target: &str, global: &Global) -> Result<Option<String>, Failure> {
    let Some(own) = own_name(global)? else { return Ok(None) };
    let is_target = match own.split_once('@') {
        // A node of this host, whichever way it writes that.
        Some((alive, host)) if !target.contains('@') => {
            alive == target && (host == host_name() || matches!(host, "127.0.0.1" | "localhost"))
        }
        _ => own == target,
    };
    if is_target {
        return Err(to_itself(&own));
    }
    Ok(Some(own))
}

/// Returns the short name of this machine.
pub(crate) fn host_name() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    host.split('.').next().filter(|host| !host.is_empty()).unwrap_or("localhost").to_owned()
}

pub(super) fn start_failure(error: StartError) -> Failure {
    Failure::new(Code::Usage, Chain(&error)).hint("--name chooses the name of this command among the nodes")
}

/// Returns the name of this command in full.
pub(crate) fn full_name(name: &str) -> String {
    if name.contains('@') { name.to_owned() } else { format!("{name}@{}", host_name()) }
}

/// Returns the names that it may have, without the host.
pub(crate) fn own_names() -> impl Iterator<Item = String> {
    (1..=NAMES).map(|number| format!("nodex-{number}"))
}

pub(crate) fn no_name_is_free() -> Failure {
    Failure::new(Code::Refused, format_args!("nodex-1 to nodex-{NAMES} are all taken"))
        .hint("--name chooses the name of this command among the nodes")
}
