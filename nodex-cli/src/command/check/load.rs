//! Checks of much at once: ticks, many messages, big ones.

use std::{fs, time::Duration};

use bytes::Bytes;
use nodex_core::{
    atom,
    convert::term_to_binary,
    error::Chain,
    term::{Atom, Pid},
};
use tokio::time::Instant;

use super::{
    session::{Session, Silence},
    subject::Subject,
    world::Begun,
};
use crate::{
    failure::{Code, Failure},
    output::{self, grouped},
    raw::{Heard, Signal, To, write},
    report::{Check, Report, Verdict},
};

/// A sign of life.
const TICK: [u8; 4] = [0; 4];

/// Messages in a row.
const MANY: u32 = 10_000;

/// Messages with ticks between them.
const TICKED: u32 = 300;

/// A node may tick less often than its host, but not less often than this (the default `net_ticktime`).
const TICK_PAUSE: Duration = Duration::from_millis(1200);

/// What may stay in memory after a message of 64 MB, in kB: a buffer of that size that is used again, and no second one.
const KEPT: u64 = 80_000;

/// How long a message of many MB may take.
const BIG: Duration = Duration::from_secs(30);

/// All of them. The connection is gone after one of them has lost it.
pub(super) async fn all(
    subject: &Subject,
    begun: &Begun,
    session: &mut Session,
    report: &mut Report,
) -> Result<(), Failure> {
    macro_rules! check {
        ($id:literal, $name:literal, $check:expr) => {{
            report.begin($name);
            let verdict = $check.await;
            report.add(Check { id: $id, name: $name }, verdict)?;
        }};
    }
    check!("tick", "answers a tick", tick(subject, session));
    check!("tick_under_load", "takes ticks between messages", ticks_between(subject, session));
    if let Some(busy) = &subject.busy {
        let message = term_to_binary(busy).map_err(|error| Failure::new(Code::BadTerm, Chain(&error)))?;
        check!("tick_busy", "ticks while a handler is busy", tick_busy(subject, session, &message));
    }
    check!("many", "keeps the order of many messages", many(subject, session));
    let before = resident(begun.instance.pid);
    check!("big_1", "takes a message of 1 MB", big(subject, session, 1_000_000));
    check!("big_64", "takes a message of 64 MB", big(subject, session, 64_000_000));
    check!("memory", "keeps little memory after it", memory(subject, session, begun.instance.pid, before));
    Ok(())
}

async fn tick(subject: &Subject, session: &mut Session) -> Verdict {
    let ticked = async {
        // One that comes within a second of another may be left without an answer.
        let mut tries = 0;
        loop {
            session.write(&TICK).await?;
            match session.tick(subject.wait.min(TICK_PAUSE)).await {
                Err(Silence::Nothing(_)) if tries < 2 => tries += 1,
                result => return result,
            }
        }
    };
    match ticked.await {
        Ok(()) => Verdict::pass(),
        Err(Silence::Nothing(_)) => Verdict::warn(
            "no tick comes back",
            "a host with a net_ticktime of some seconds takes it for dead when it is idle",
        ),
        Err(silence) => Verdict::fail(silence.to_string(), "its host sees nodedown"),
    }
}

/// Ticks before, between and behind messages that come in one go.
async fn ticks_between(subject: &Subject, session: &mut Session) -> Verdict {
    let pid = session.pid();
    let frames = (|| {
        let mut frames = vec![0; 4];
        for number in 0..TICKED {
            frames.extend(session.message(&pid, &subject.to, &term_to_binary(&subject.call.question(number)?)?)?);
            frames.extend([0; 4]);
        }
        Ok::<_, Silence>(frames)
    })();
    let asked = async { in_order(subject, session, &pid, &frames?, TICKED).await };
    match asked.await {
        Ok(()) => Verdict::pass(),
        Err(silence) => Verdict::fail(silence.to_string(), "messages are lost when the host ticks"),
    }
}

/// Sends `frames`, which hold `count` questions of `pid`, and takes the answers, all in order.
async fn in_order(
    subject: &Subject,
    session: &mut Session,
    pid: &Pid,
    frames: &[u8],
    count: u32,
) -> Result<(), Silence> {
    let writer = session.connection.writer().clone();
    let answers = async {
        let mut number = 0;
        while number < count {
            match session.next_by(Instant::now() + subject.wait.max(BIG)).await {
                Ok(Some(Heard::Tick)) => session.ticks += 1,
                Ok(Some(Heard::Signal(Signal::Message { to: To::Pid(to), term, .. }))) if to == *pid => {
                    if !subject.call.is_answer(&term, number) {
                        let shown = super::session::shown(&term);
                        return Err(Silence::Gone(format!("answer {} is {shown}", number + 1)));
                    }
                    number += 1;
                }
                Ok(Some(Heard::Signal(_))) => {}
                Ok(None) => {
                    let count = grouped(count.into());
                    return Err(Silence::Gone(format!("{} of {count} are answered", grouped(number.into()))));
                }
                Err(error) => {
                    return Err(Silence::Gone(format!("after {number} answers: {error}")));
                }
            }
        }
        Ok(())
    };
    let (sent, answered) = tokio::join!(write(&writer, frames), answers);
    answered.and_then(|()| Ok(sent?))
}

/// A handler computes; the host ticks meanwhile and wants to see a sign of life.
async fn tick_busy(subject: &Subject, session: &mut Session, message: &[u8]) -> Verdict {
    let pid = session.pid();
    let asked = async {
        session.send(&pid, &subject.to, message).await?;
        let (mut ticks, began) = (0, Instant::now());
        let mut heard_last = began;
        loop {
            session.write(&TICK).await?;
            match session.next_by(Instant::now() + Duration::from_millis(500)).await {
                Ok(Some(Heard::Tick)) => (ticks, heard_last) = (ticks + 1, Instant::now()),
                Ok(Some(Heard::Signal(Signal::Message { to: To::Pid(to), .. }))) if to == pid => {
                    return Ok::<_, Silence>((ticks, began.elapsed()));
                }
                Ok(_) if heard_last.elapsed() > subject.wait.max(Duration::from_secs(2)) => {
                    return Err(Silence::Nothing(heard_last.elapsed()));
                }
                Ok(_) => {}
                Err(why) => return Err(Silence::Gone(why)),
            }
        }
    };
    match asked.await {
        Ok((0, took)) if took < Duration::from_secs(2) => Verdict::warn(
            format!("the call took only {}", output::duration(took)),
            "name one with --busy that takes some seconds",
        ),
        Ok((ticks, took)) => Verdict::noted(format!("{ticks} ticks in {}", output::duration(took))),
        Err(Silence::Nothing(silent)) => Verdict::fail(
            format!("no tick for {}", output::limit(Duration::from_secs(silent.as_secs()))),
            "a handler that takes longer than net_ticktime costs the connection",
        ),
        Err(silence) => Verdict::fail(silence.to_string(), "its host sees nodedown"),
    }
}

async fn many(subject: &Subject, session: &mut Session) -> Verdict {
    let pid = session.pid();
    let began = Instant::now();
    let frames = (|| {
        let mut frames = Vec::new();
        for number in 0..MANY {
            frames.extend(session.message(&pid, &subject.to, &term_to_binary(&subject.call.question(number)?)?)?);
        }
        Ok::<_, Silence>(frames)
    })();
    let asked = async { in_order(subject, session, &pid, &frames?, MANY).await };
    match asked.await {
        Ok(()) => {
            let rate = f64::from(MANY) / began.elapsed().as_secs_f64();
            Verdict::noted(format!("{}, {}/s", grouped(MANY.into()), grouped(rate as u64)))
        }
        Err(silence) => Verdict::fail(silence.to_string(), "messages are lost, or answered out of order"),
    }
}

async fn big(subject: &Subject, session: &mut Session, bytes: usize) -> Verdict {
    let pid = session.pid();
    let began = Instant::now();
    let asked = async {
        let (message, expected) = subject.call.big(bytes)?;
        let frame = session.message(&pid, &subject.to, &message)?;
        drop(message);
        match expected {
            Some(data) => echo(session, &pid, &frame, &data).await,
            None => {
                session.write(&frame).await?;
                session.answers(subject).await
            }
        }
    };
    match asked.await {
        Ok(()) => Verdict::noted(output::duration(began.elapsed())),
        Err(silence) => Verdict::fail(silence.to_string(), "one big message costs the node"),
    }
}

/// The data has to come back as it was.
async fn echo(session: &mut Session, pid: &Pid, frame: &[u8], data: &Bytes) -> Result<(), Silence> {
    let writer = session.connection.writer().clone();
    let deadline = Instant::now() + BIG;
    let answer = async {
        loop {
            match session.next_by(deadline).await {
                Ok(None) => return Err(Silence::Nothing(BIG)),
                Ok(Some(Heard::Signal(Signal::Message { to: To::Pid(to), term, .. }))) if to == *pid => {
                    let same =
                        term.decode::<(Atom, Bytes)>().is_ok_and(|(pong, echo)| pong == atom!("pong") && echo == data);
                    return if same {
                        Ok(())
                    } else {
                        Err(Silence::Gone("the data that comes back differs".to_owned()))
                    };
                }
                Ok(Some(_)) => {}
                Err(why) => return Err(Silence::Gone(why)),
            }
        }
    };
    let (sent, answered) = tokio::join!(write(&writer, frame), answer);
    answered.and_then(|()| Ok(sent?))
}

/// What the process has in memory now, against before.
async fn memory(subject: &Subject, session: &mut Session, pid: u32, before: Option<u64>) -> Verdict {
    let Some(before) = before else { return Verdict::Skip("/proc does not tell") };
    let mut now = resident(pid);
    for _ in 0..10 {
        if now.is_none_or(|kb| kb <= before + KEPT) {
            break;
        }
        // Buffers may be kept until there is something else to put into them.
        if let Err(silence) = session.answers(subject).await {
            return Verdict::fail(silence.to_string(), "one big message costs the node");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        now = resident(pid);
    }
    let mb = |kb: u64| format!("{:.1} MB", kb as f64 / 1000.0);
    match now {
        None => Verdict::fail("its process is gone", "its host sees nodedown"),
        Some(now) if now > before + KEPT => Verdict::warn(
            format!("{} before and {} after the message of 64 MB", mb(before), mb(now)),
            "more than the largest message stays in memory",
        ),
        Some(now) => Verdict::noted(format!("{} before, {} after", mb(before), mb(now))),
    }
}

/// Returns the resident memory of a process in kB.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
