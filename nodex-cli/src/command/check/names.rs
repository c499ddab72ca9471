//! A node whose services have names answers to these only.

use std::time::Duration;

use nodex_core::{
    atom,
    convert::term_to_binary,
    protocol::Flags,
    term::{Atom, RawTerm, Term},
};

use super::{
    messages::{Answer, call},
    session::Session,
};
use crate::{
    failure::Failure,
    output::{Untrusted, listing},
    raw::{Signal, To},
    report::{Check, Report, Verdict},
};

/// Returns the names that it has, as far as it tells, if it has no process `nil` and says so.
pub(super) async fn instead(session: &mut Session, limit: Duration) -> Option<Vec<Untrusted>> {
    if !session.can(Flags::DIST_MONITOR.or(Flags::DIST_MONITOR_NAME)) || !is_missing(session, limit).await {
        return None;
    }
    let services = (atom!("call"), atom!("nodex"), atom!("services"), Term::nil(), atom!("user"));
    let services = RawTerm::from_value(&services).ok()?;
    let Ok(Answer::Tagged { reply, .. }) = call(session, &atom!("rex"), &services, false, limit).await else {
        return Some(Vec::new());
    };
    let names = reply.decode::<Vec<(Atom, RawTerm, RawTerm)>>().unwrap_or_default();
    let mut names: Vec<_> = names.iter().map(|(name, ..)| Untrusted::new(name.as_str())).collect();
    names.sort();
    Some(names)
}

/// Returns `true` if a monitor of `nil` fires before the reply to a request that is sent after it.
async fn is_missing(session: &mut Session, limit: Duration) -> bool {
    let (pid, monitor, question) = (session.pid(), session.reference(), session.reference());
    let node = session.node.clone();
    let asked = async {
        session.control(&(19_u8, &pid, atom!("nil"), &monitor)).await?;
        let ping = term_to_binary(&(atom!("$gen_call"), (&pid, &question), (atom!("is_auth"), &node)))?;
        session.send(&pid, &atom!("net_kernel"), &ping).await?;
        let first = session.until(limit, |signal| match signal {
            Signal::MonitorExit { reference, .. } if reference == monitor => Some(true),
            Signal::Message { to: To::Pid(to), .. } if to == pid => Some(false),
            _ => None,
        });
        let missing = first.await?;
        if !missing {
            session.control(&(20_u8, &pid, atom!("nil"), &monitor)).await?;
        }
        Ok::<_, super::session::Silence>(missing)
    };
    // Silence is for the checks to find.
    asked.await.unwrap_or(false)
}

pub(super) fn tell(names: &[Untrusted], report: &mut Report) -> Result<(), Failure> {
    let check = Check { id: "to", name: "has a process to ask" };
    let found = match names {
        [] => "there is no process 'nil', which is asked without --to".to_owned(),
        names => {
            format!("there is no process 'nil', which is asked without --to; it has: {}", listing(names.iter()))
        }
    };
    let means = match names {
        [name] => format!("name it with --to {name}"),
        _ => "name one that it has with --to NAME".to_owned(),
    };
    Ok(report.add(check, Verdict::fail(found, means))?)
}
