//! Checks of single messages: which are answered, and how.

use nodex_core::{
    atom,
    convert::term_to_binary,
    protocol::{Flags, control::frame},
    term::{Atom, Pid, RawTerm, Reference, Term},
};

use super::{
    session::{Session, Silence, in_elixir, is_unknown_call, shown},
    subject::{Call, Subject},
};
use crate::{
    failure::Failure,
    output,
    raw::{Signal, To},
    report::{Check, Report, Verdict},
};

/// A function that no node has.
const NO_FUNCTION: &str = "nodex_check_no_such_function";

/// A process that no node has.
const NO_PROCESS: &str = "nodex_check_nobody";

/// All of them.
pub(super) async fn all(subject: &Subject, session: &mut Session, report: &mut Report) -> Result<(), Failure> {
    macro_rules! check {
        ($id:literal, $name:literal, $check:expr) => {{
            report.begin($name);
            let verdict = $check.await;
            report.add(Check { id: $id, name: $name }, verdict)?;
        }};
    }
    check!("plain_call", "answers a plain message", plain(subject, session));
    check!("reply_to_sender", "answers whoever asked", senders(subject, session));
    check!("gen_call", "answers GenServer.call", gen_call(subject, session, false));
    check!("gen_call_alias", "answers calls of OTP 24 and later", gen_call(subject, session, true));
    check!("cast", "does not answer a cast", cast(subject, session));
    check!("unknown_call", "answers what it does not know", unknown_call(subject, session));
    check!("unknown_name", "tells that a process is not there", unknown_name(subject, session));
    check!("node_ping", "answers Node.ping", node_ping(subject, session));
    check!("monitor", "tells monitors of dead processes", monitor(subject, session));
    check!("rpc", "answers :rpc.call", rpc(subject, session));
    check!("odd_messages", "survives odd messages", odd(subject, session));
    Ok(())
}

/// What is said if the connection is lost in a check.
fn gone(silence: &Silence, means: &'static str) -> Verdict {
    match silence {
        Silence::Nothing(_) => Verdict::fail(silence.to_string(), means),
        Silence::Gone(why) => Verdict::fail(why.clone(), "its host sees nodedown"),
    }
}

async fn plain(subject: &Subject, session: &mut Session) -> Verdict {
    let asked = async {
        let question = term_to_binary(&subject.call.question(1)?)?;
        session.ask(&subject.to, &question, subject.wait).await
    };
    match asked.await {
        Ok(reply) if subject.call.is_answer(&reply, 1) => Verdict::noted(shown(&reply)),
        Ok(reply) => Verdict::fail(
            format!("the answer is {}", shown(&reply)),
            "name a call that it can answer with --call, such as --call '{add, 1, 2}'",
        ),
        Err(silence) => gone(&silence, "callers wait until their time-out"),
    }
}

/// Two processes ask at the same time; each has to get its own answer.
async fn senders(subject: &Subject, session: &mut Session) -> Verdict {
    let (one, two) = (session.pid(), session.pid());
    let asked = async {
        let (first, second) = (subject.call.question(1)?, subject.call.question(2)?);
        let mut frames = session.message(&one, &subject.to, &term_to_binary(&first)?)?;
        frames.extend(session.message(&two, &subject.to, &term_to_binary(&second)?)?);
        session.write(&frames).await?;
        let mut replies: (Option<RawTerm>, Option<RawTerm>) = (None, None);
        loop {
            if let (Some(first), Some(second)) = &replies {
                return Ok::<_, Silence>((first.clone(), second.clone()));
            }
            match session.until(subject.wait, |signal| reply_to(signal, &[&one, &two])).await? {
                (0, reply) => replies.0 = Some(reply),
                (_, reply) => replies.1 = Some(reply),
            }
        }
    };
    match asked.await {
        Ok((first, second)) if subject.call.is_answer(&first, 1) && subject.call.is_answer(&second, 2) => {
            Verdict::pass()
        }
        Ok((first, second)) => Verdict::fail(
            format!("the answers are {} and {}", shown(&first), shown(&second)),
            "callers get the answers of others",
        ),
        Err(silence) => gone(&silence, "callers wait until their time-out while others are answered"),
    }
}

/// Returns a message to one of these processes, and to which.
fn reply_to(signal: Signal, pids: &[&Pid]) -> Option<(usize, RawTerm)> {
    match signal {
        Signal::Message { to: To::Pid(to), term, .. } => Some((pids.iter().position(|pid| **pid == to)?, term)),
        _ => None,
    }
}

/// What comes back for a `gen_server` call.
pub(super) enum Answer {
    /// With its tag, to the alias or to the pid.
    Tagged { reply: RawTerm, to_alias: bool },
    /// Without.
    Bare(RawTerm),
    /// No such process.
    NoProcess(Term),
}

/// Calls as `gen:call` does, with a monitor where the node knows monitors.
pub(super) async fn call(
    session: &mut Session,
    to: &Atom,
    request: &RawTerm,
    alias: bool,
    limit: std::time::Duration,
) -> Result<Answer, Silence> {
    let (pid, reference) = (session.pid(), session.reference());
    let tag = tag(&reference, alias);
    if session.can(Flags::DIST_MONITOR.or(Flags::DIST_MONITOR_NAME)) {
        session.control(&(19_u8, &pid, to, &reference)).await?;
    }
    let message = term_to_binary(&(atom!("$gen_call"), (&pid, &tag), request))?;
    session.send(&pid, to, &message).await?;
    session
        .until(limit, |signal| match signal {
            Signal::Message { to: To::Pid(to), term, .. } if to == pid => Some(match tagged(&term, &tag) {
                Some(reply) => Answer::Tagged { reply, to_alias: false },
                None => Answer::Bare(term),
            }),
            Signal::Message { to: To::Alias(to), term, .. } if to == reference => {
                tagged(&term, &tag).map(|reply| Answer::Tagged { reply, to_alias: true })
            }
            Signal::MonitorExit { reference: of, reason, .. } if of == reference => Some(Answer::NoProcess(reason)),
            _ => None,
        })
        .await
}

/// `Ref`, or `[alias | Ref]`.
fn tag(reference: &Reference, alias: bool) -> Term {
    match alias {
        false => reference.into(),
        true => Term::improper_list([atom!("alias")], reference),
    }
}

/// Returns the reply in `{Tag, Reply}`.
fn tagged(term: &RawTerm, tag: &Term) -> Option<RawTerm> {
    let (answered, reply) = term.decode::<(Term, RawTerm)>().ok()?;
    (answered == *tag).then_some(reply)
}

async fn gen_call(subject: &Subject, session: &mut Session, alias: bool) -> Verdict {
    let asked = async {
        let request = subject.call.question(3)?;
        call(session, &subject.to, &request, alias, subject.wait).await
    };
    match asked.await {
        Ok(Answer::Tagged { reply, .. }) if !subject.call.is_answer(&reply, 3) => Verdict::fail(
            format!("the answer is {}", shown(&reply)),
            "GenServer.call gives another reply than a message",
        ),
        Ok(Answer::Tagged { to_alias: false, .. }) if alias && session.can(Flags::ALIAS) => Verdict::warn(
            "it answers the pid and not the alias",
            "an answer after the time-out stays in the caller's mailbox",
        ),
        Ok(Answer::Tagged { to_alias, .. }) => Verdict::noted(if to_alias { "by alias" } else { "" }),
        Ok(Answer::Bare(reply)) => Verdict::fail(
            format!("the answer {} has no tag", shown(&reply)),
            "GenServer.call exits with timeout, and the answer stays in the caller's mailbox",
        ),
        Ok(Answer::NoProcess(reason)) => Verdict::fail(
            format!("it says {} of '{}'", in_elixir(&reason), subject.to),
            "GenServer.call exits; name a process that it has with --to",
        ),
        Err(silence) => gone(&silence, "GenServer.call exits with timeout"),
    }
}

/// A cast and then a question of the same process: only the question may be answered.
async fn cast(subject: &Subject, session: &mut Session) -> Verdict {
    let pid = session.pid();
    let asked = async {
        let (first, second) = (subject.call.question(4)?, subject.call.question(5)?);
        session.send(&pid, &subject.to, &term_to_binary(&(atom!("$gen_cast"), first))?).await?;
        session.send(&pid, &subject.to, &term_to_binary(&second)?).await?;
        session.message_to(&pid, subject.wait).await
    };
    match asked.await {
        Ok(reply)
            if is_unknown_call(&reply) || matches!(subject.call, Call::Echo) && !subject.call.is_answer(&reply, 5) =>
        {
            Verdict::warn(
                format!("it answers {}", shown(&reply)),
                "GenServer.cast leaves a message in the caller's mailbox",
            )
        }
        Ok(reply) if !subject.call.is_answer(&reply, 5) => {
            Verdict::fail(format!("the question after it is answered with {}", shown(&reply)), "a cast disturbs it")
        }
        Ok(_) => Verdict::pass(),
        Err(silence) => gone(&silence, "after a cast it answers nothing any more"),
    }
}

async fn unknown_call(subject: &Subject, session: &mut Session) -> Verdict {
    let asked = async {
        let question = term_to_binary(&(atom!(NO_FUNCTION), 1))?;
        session.ask(&subject.to, &question, subject.wait).await
    };
    match asked.await {
        Ok(reply) => Verdict::noted(shown(&reply)),
        Err(silence) => gone(&silence, "a misspelt call costs its caller the whole time-out"),
    }
}

async fn unknown_name(subject: &Subject, session: &mut Session) -> Verdict {
    let asked = async {
        let request = subject.call.question(6)?;
        call(session, &atom!(NO_PROCESS), &request, false, subject.wait).await
    };
    match asked.await {
        Ok(Answer::NoProcess(_)) => Verdict::noted("noproc".to_owned()),
        Ok(Answer::Tagged { .. }) => Verdict::noted("it answers any name".to_owned()),
        Ok(Answer::Bare(_)) => Verdict::fail(
            "no noproc, and an answer without a tag",
            "GenServer.call to a wrong name waits for its time-out",
        ),
        Err(silence) => gone(&silence, "GenServer.call to a wrong name waits for its time-out"),
    }
}

async fn node_ping(subject: &Subject, session: &mut Session) -> Verdict {
    let asked = async {
        let request = RawTerm::from_value(&(atom!("is_auth"), &session.node))?;
        call(session, &atom!("net_kernel"), &request, false, subject.wait).await
    };
    match asked.await {
        Ok(Answer::Tagged { reply, .. }) if reply.decode::<Atom>().is_ok_and(|yes| yes == "yes") => Verdict::pass(),
        Ok(Answer::Tagged { reply, .. } | Answer::Bare(reply)) => Verdict::fail(
            format!("the answer is {}", shown(&reply)),
            "Node.ping from a BEAM gives pang, or waits for ever",
        ),
        Ok(Answer::NoProcess(_)) => Verdict::fail("there is no net_kernel", "Node.ping gives pang and disconnects"),
        Err(Silence::Nothing(limit)) => Verdict::fail(
            format!("no reply to is_auth in {}", output::limit(limit)),
            "Node.ping from a BEAM would hang",
        ),
        Err(silence) => gone(&silence, ""),
    }
}

async fn monitor(subject: &Subject, session: &mut Session) -> Verdict {
    if !session.can(Flags::DIST_MONITOR.or(Flags::DIST_MONITOR_NAME)) {
        return Verdict::warn("it does not know monitors", "Process.monitor tells only when the connection is lost");
    }
    let (pid, reference) = (session.pid(), session.reference());
    // A pid of this incarnation that no node assigns so early.
    let dead = Pid { node: session.node.clone(), id: 32_000, serial: 7, creation: session.connection.peer().creation };
    let asked = async {
        session.control(&(19_u8, &pid, &dead, &reference)).await?;
        session
            .until(subject.wait, |signal| match signal {
                Signal::MonitorExit { reference: of, reason, .. } if of == reference => Some(reason),
                _ => None,
            })
            .await
    };
    match asked.await {
        Ok(reason) => Verdict::noted(in_elixir(&reason)),
        Err(silence) => gone(&silence, "Process.monitor of a process that is gone never tells"),
    }
}

/// As `erpc:call` does; `rpc:call` goes the same way.
async fn rpc(subject: &Subject, session: &mut Session) -> Verdict {
    if !session.can(Flags::SPAWN) {
        return Verdict::warn("it takes no calls of functions", ":rpc.call gives {:badrpc, :notsup} at once");
    }
    let (pid, id, result) = (session.pid(), session.reference(), session.reference());
    let asked = async {
        let options = vec![atom!("monitor")];
        let arguments =
            term_to_binary(&vec![Term::from(result), Term::from(&subject.to), atom!(NO_FUNCTION).into(), Term::nil()])?;
        let control = (29_u8, &id, &pid, &pid, (atom!("erpc"), atom!("execute_call"), 4_u8), options);
        let request = frame(&control, Some(&arguments))?;
        session.write(&request).await?;
        session
            .until(subject.wait, |signal| match signal {
                Signal::SpawnReply { id: of, result: To::Name(refused) } if of == id => {
                    Some(Verdict::warn(format!("it answers {refused}"), ":rpc.call gives {:badrpc, :notsup} at once"))
                }
                Signal::MonitorExit { reference, .. } if reference == id => Some(Verdict::pass()),
                _ => None,
            })
            .await
    };
    match asked.await {
        Ok(verdict) => verdict,
        Err(silence) => gone(&silence, "it says that it takes calls of functions, and :rpc.call would hang"),
    }
}

/// Messages of forms that no function has, one that is nested deeply, and one that is no term.
async fn odd(subject: &Subject, session: &mut Session) -> Verdict {
    let pid = session.pid();
    let asked = async {
        let mut deep = vec![131];
        deep.extend([104, 1].repeat(10_000));
        deep.push(106);
        let messages = [
            vec![131, 106],
            vec![131, 104, 0],
            vec![131, 97, 1],
            term_to_binary(&(1, 2, 3))?,
            term_to_binary(&(atom!("$gen_call"), 1, 2))?,
            term_to_binary(&(atom!("$gen_call"), (&pid, 1), 2, 3))?,
            term_to_binary(&(atom!("$gen_cast"),))?,
            deep,
            vec![131, 104, 2, 97],
        ];
        for message in &messages {
            session.send(&pid, &subject.to, message).await?;
        }
        session.answers(subject).await
    };
    match asked.await {
        Ok(()) => Verdict::pass(),
        Err(silence) => gone(&silence, "one message of a wrong form costs the node"),
    }
}
