//! From an established connection to a link that serves it.

use std::sync::Arc;

use super::{Context, dispatch::Dispatch, local::Inner};
use crate::{
    net::{Connected, Link, LinkEnd, Outbox},
    term::Atom,
};

/// The link over `connected`; it is driven by whoever asked for it.
pub(super) fn link(inner: &Arc<Inner>, connected: Connected) -> Result<Link<Dispatch>, LinkEnd> {
    let peer = connected.established.peer;
    let name = Atom::new(&peer.name).map_err(|error| LinkEnd::Protocol(error.to_string().into()))?;
    let (read, write) = connected.socket.into_split();
    let outbox = Arc::new(Outbox::new(write));
    inner.keeper.watch(&outbox);
    let context = Context::new(name, outbox.clone(), inner.extensions.clone());
    let dispatch = Dispatch::new(inner.clone(), context, peer.negotiated);
    Link::new(read, outbox, &connected.established.rest, inner.limits, dispatch)
}
