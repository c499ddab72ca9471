//! What can be checked of a fleet without starting it: that its files are there.

use std::fs;

use nodex_core::error::Chain;
use nodex_host::process::{Launch, LaunchError};

use super::{
    fault::Fault,
    load::{Fleet, in_path, is_bare},
    schema::Node,
};

/// Returns all that would keep a node from being started.
pub(crate) fn check(fleet: &Fleet) -> Vec<Fault> {
    let mut faults: Vec<_> = fleet.nodes().iter().filter_map(|node| executable(fleet, node)).collect();
    if let Some(file) = &fleet.file.host.cookie_file
        && let Some(path) = fleet.cookie_file()
        && let Err(error) = fs::File::open(&path)
    {
        let message = format!("the cookie file {} cannot be read: {error}", path.display(), error = Chain(&error));
        faults.push(Fault::new(&fleet.text, file.span(), message));
    }
    faults
}

fn executable(fleet: &Fleet, node: &Node) -> Option<Fault> {
    let exec = node.exec.get_ref();
    if is_bare(exec) && in_path(exec).is_none() {
        let message = format!("there is no executable {} in PATH", exec.display());
        let hint = format!("for a file beside the fleet file, write exec = \"./{}\"", exec.display());
        return Some(Fault::new(&fleet.text, node.exec.span(), message).hint(hint));
    }
    let mut launch = Launch::new(fleet.exec(node));
    launch.cwd = Some(fleet.cwd(node));
    let error = launch.check().err()?;
    let span = match (&error, &node.cwd) {
        (LaunchError::WorkingDirectory { .. }, Some(cwd)) => cwd.span(),
        _ => node.exec.span(),
    };
    Some(Fault::new(&fleet.text, span, Chain(&error).to_string()))
}
