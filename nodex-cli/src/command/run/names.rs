//! A node whose services have names is called by one of them.

use std::{pin::pin, time::Duration};

use nodex_core::term::{Atom, RawTerm};
use nodex_host::Distributed;
use tokio::time::{sleep, timeout};

use crate::{
    failure::{Code, Failure},
    output::{Untrusted, listing},
};

/// How long to wait for the reply before asking the node whether it has the service.
const AT_ONCE: Duration = Duration::from_millis(300);

/// How long it may take to say.
const SAY: Duration = Duration::from_secs(2);

/// Returns the reply to a message that no name was told for; or, if the node says that its services have names, which
/// they are. A node that answers any name, or nobody by `nodex:services()`, is given its time.
pub(super) async fn unless_named<T>(
    net: &Distributed,
    node: &Atom,
    reply: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut reply = pin!(reply);
    let says = async {
        sleep(AT_ONCE).await;
        named(net, node).await
    };
    let first = tokio::select! {
        biased;
        reply = &mut reply => reply,
        failure = says => match failure {
            Some(failure) => return Err(failure),
            None => return reply.await,
        },
    };
    match first {
        // Nobody of that name, most likely: it is asked, if it is still there.
        Err(failure) if failure.code() == Code::NoSuch => Err(named(net, node).await.unwrap_or(failure)),
        first => first,
    }
}

/// What to say of a node that answers to names only.
async fn named(net: &Distributed, node: &Atom) -> Option<Failure> {
    type Services = Vec<(Atom, RawTerm, RawTerm)>;
    let asked = net.node().rpc::<Services>(node, "nodex", "services", &[], SAY);
    let services = timeout(SAY, asked).await.ok()?.ok()?;
    if services.is_empty() || services.iter().any(|(name, ..)| name == "nil") {
        return None;
    }
    let mut names: Vec<_> = services.iter().map(|(name, ..)| Untrusted::new(name.as_str())).collect();
    names.sort();
    let failure =
        Failure::new(Code::NoSuch, format_args!("no process named 'nil' on {}", Untrusted::new(node.as_str())));
    let failure = failure.detail(format_args!("it has: {}", listing(names.iter())));
    Some(match &names[..] {
        [name] => failure.hint(format_args!("--to {name}")),
        _ => failure.hint("--to NAME says whom to call"),
    })
}
