//! How this command becomes a node: under which name, and beside whom.

use std::{sync::Arc, time::Duration};

use nodex_core::{
    atom,
    error::Chain,
    net::{ConnectError, LinkEnd},
    node::{CallError, Node, NodeBuilder, Peer, StartUnnamedError},
    protocol::{Cookie, Flags, handshake::HandshakeError},
    term::RawTerm,
};
use tokio::time::{Instant, sleep};

use super::{
    failures::{connect_failure, doctor},
    names::{full_name, host_name, no_name_is_free, own_name_to, own_names, start_failure},
};
use crate::{
    failure::{Code, Failure},
    options::Global,
};

/// How long a connection of the same name may still be on its way out: that of the command before this one.
const LEAVING: Duration = Duration::from_secs(1);

/// The interval between two checks.
const AGAIN: Duration = Duration::from_millis(25);

/// Of two handshakes of one name at one moment, a BEAM closes one without a word, as it does for a wrong cookie. So often
/// it is tried again.
const TRIES: u32 = 3;

/// Returns a node that is connected with `target`.
pub(super) async fn join(target: &str, cookie: &Cookie, global: &Global) -> Result<(Node, Arc<Peer>), Failure> {
    let Some(own) = own_name_to(target, global)? else { return unnamed(target, cookie).await };
    let node = start(&own, cookie, global.take_over).await?;
    let (until, mut tries) = (Instant::now() + LEAVING, 0);
    loop {
        match of_this_host(target, async |full| node.connect(&full).await).await {
            Ok(peer) if is_kept(&node, &peer, global.timeout).await => return Ok((node, peer)),
            Ok(_) if tries < TRIES => {
                tries += 1;
                sleep(AGAIN * tries).await;
            }
            Ok(_) => return Err(taken(&own, target)),
            Err(error) if is_taken(&error) && Instant::now() < until => sleep(AGAIN).await,
            Err(error) if was_closed(&error) && tries < TRIES => {
                tries += 1;
                sleep(AGAIN * tries).await;
            }
            Err(error) if is_taken(&error) => return Err(taken(&own, target)),
            Err(error) => return Err(connect_failure(target, &error).await),
        }
    }
}

/// Returns whether the node has entered this connection. Until it has, which is after our side of the handshake is
/// over, another one of the same name takes the place of ours, and what we have sent is lost. Who can spawn processes
/// answers.
async fn is_kept(node: &Node, peer: &Peer, limit: Duration) -> bool {
    if !peer.flags().contains(Flags::SPAWN) {
        return true;
    }
    let request = (atom!("is_auth"), node.name());
    let answer = node.call::<RawTerm>((atom!("net_kernel"), peer.name().clone()), request, limit).await;
    // A call connects again if it finds that the connection was lost.
    let is_lost = matches!(answer, Err(CallError::NoConnection | CallError::Connect(_)));
    !is_lost && peer.is_connected()
}

/// A BEAM keeps a name for ever. But it lends names to nodes that have none, and takes them back, so it is asked for
/// one. Who lends none is met under one of few names.
async fn unnamed(target: &str, cookie: &Cookie) -> Result<(Node, Arc<Peer>), Failure> {
    let host = host_name();
    let given =
        of_this_host(target, async |full| match NodeBuilder::new().start_unnamed(&host, &full, cookie.clone()).await {
            Ok(node) => Ok(Ok((node, full))),
            Err(StartUnnamedError::Connect(error)) => Err(Arc::new(error)),
            Err(error) => Ok(Err(error)),
        });
    match given.await {
        Ok(Ok((node, full))) => match node.peer(&full) {
            Some(peer) => Ok((node, peer)),
            None => {
                let error = ConnectError::Ended { node: full, end: LinkEnd::Closed };
                Err(connect_failure(target, &error).await)
            }
        },
        Ok(Err(error)) => Err(Failure::new(Code::NotReachable, Chain(&error)).hint(doctor(target))),
        Err(error) if gives_no_names(&error) => numbered(target, cookie).await,
        Err(error) => Err(connect_failure(target, &error).await),
    }
}

/// Connects with the first of these names that no node has that is connected there.
async fn numbered(target: &str, cookie: &Cookie) -> Result<(Node, Arc<Peer>), Failure> {
    for name in own_names() {
        let node = start(&full_name(&name), cookie, false).await?;
        match of_this_host(target, async |full| node.connect(&full).await).await {
            Ok(peer) => return Ok((node, peer)),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(connect_failure(target, &error).await),
        }
    }
    Err(no_name_is_free())
}

async fn start(own: &str, cookie: &Cookie, take_over: bool) -> Result<Node, Failure> {
    let started = NodeBuilder::new().take_over(take_over).start(own, cookie.clone()).await;
    started.map_err(start_failure)
}

/// Connects to a node by its full name. One without `@` is of this host: its port is known by the first part of the
/// name, and the node that answers there returns the rest.
async fn of_this_host<T>(
    target: &str,
    connect: impl AsyncFn(String) -> Result<T, Arc<ConnectError>>,
) -> Result<T, Arc<ConnectError>> {
    if target.contains('@') {
        return connect(target.to_owned()).await;
    }
    match connect(format!("{target}@127.0.0.1")).await {
        Err(error) => match &*error {
            ConnectError::Handshake { error: HandshakeError::WrongName { answered, .. }, .. }
                if answered.split('@').next() == Some(target) =>
            {
                connect(answered.clone()).await
            }
            _ => Err(error),
        },
        connected => connected,
    }
}

/// Returns `true` if a node of our name is connected there, and was left in peace.
pub(crate) fn is_taken(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Handshake { error: HandshakeError::AlreadyConnected { .. }, .. })
}

/// Returns `true` for what a node says or does that does not know what to do with a node without a name.
fn gives_no_names(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Handshake {
            error: HandshakeError::UnexpectedStatus { .. }
                | HandshakeError::NotAllowed { .. }
                | HandshakeError::Closed { .. },
            ..
        }
    )
}

fn was_closed(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Handshake { error: HandshakeError::Closed { .. } | HandshakeError::CookieRefused { .. }, .. }
    )
}

fn taken(own: &str, target: &str) -> Failure {
    Failure::new(Code::Refused, format_args!("{target} is connected with another node of the name {own}, and keeps it"))
        .hint("--name chooses another name; --take-over takes the place of that node, which loses its connection")
}
