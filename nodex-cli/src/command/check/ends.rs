//! Checks of the end of a node after the end of its host or of stdin, or a signal; of starts that must fail; of
//! leftovers.

use std::{process::ExitStatus, time::Duration};

use nodex_core::{
    error::Chain,
    net::ConnectError,
    protocol::handshake::{Answer, HandshakeError},
};
use nodex_host::distributed::random_cookie;

use super::{
    instance::Instance,
    subject::{Names, Protocol, Subject},
    world::{Begun, World, in_words, words},
};
use crate::{
    failure::Failure,
    output,
    report::{Check, Report, Verdict},
};

/// How long a node may look for a host that is not there: the seven seconds of a handshake, and some.
const CONNECT: Duration = Duration::from_secs(10);

/// Processes that were left over by any of the starts.
pub(super) struct Left(pub(super) usize, pub(super) usize);

impl Left {
    pub(super) async fn clear_away(&mut self, instance: Instance) {
        self.1 += 1;
        self.0 += instance.clear_away().await.len();
    }
}

/// The node that the other checks were made with loses its host.
pub(super) async fn loss(
    subject: &Subject,
    world: &World,
    mut begun: Begun,
    sname: &str,
    left: &mut Left,
    report: &mut Report,
) -> Result<(), Failure> {
    if subject.protocol == Protocol::Nodex {
        let check = Check { id: "loss", name: "exits when it loses its host" };
        report.begin(check.name);
        begun.session = None;
        let status = begun.instance.ended_within(subject.wait).await;
        let verdict = after(status, subject, "it lives on without its host, and the next one cannot start it again");
        report.add(check, verdict)?;
    } else {
        let check = Check { id: "again", name: "can be connected to again" };
        report.begin(check.name);
        begun.session = None;
        let again = async {
            match world.call(sname).await {
                Ok(Some(link)) => world.session(link).answers(subject).await.map_err(|silence| silence.to_string()),
                Ok(None) => Err("it is not in epmd any more".to_owned()),
                Err(error) => Err(Chain(&error).to_string()),
            }
        };
        let verdict = match again.await {
            Ok(()) => Verdict::pass(),
            Err(why) => Verdict::fail(why, "a host that restarts has to restart it"),
        };
        report.add(check, verdict)?;
    }
    left.clear_away(begun.instance).await;
    Ok(())
}

/// What an end says, where one was due.
fn after(status: Option<ExitStatus>, subject: &Subject, alive: &'static str) -> Verdict {
    match status {
        None => Verdict::fail(format!("still alive after {}", output::limit(subject.wait)), alive),
        Some(status) if status.code() == Some(0) => Verdict::noted("status 0".to_owned()),
        Some(status) => Verdict::warn(in_words(status), "supervisors take it for a crash"),
    }
}

/// A parent that dies, in whatever way, closes the stdin of its children.
pub(super) async fn stdin(
    subject: &Subject,
    world: &World,
    left: &mut Left,
    report: &mut Report,
) -> Result<(), Failure> {
    let check = Check { id: "stdin", name: "exits on end of stdin" };
    report.begin(check.name);
    let mut begun = world.begin(subject, "check_stdin").await?;
    let verdict = match begun.session {
        None => Verdict::Skip("it did not start a second time"),
        Some(_) => {
            begun.instance.close_stdin();
            let status = begun.instance.ended_within(subject.wait).await;
            after(status, subject, "its supervisor would leave it running")
        }
    };
    report.add(check, verdict)?;
    left.clear_away(begun.instance).await;
    Ok(())
}

pub(super) async fn sigterm(
    subject: &Subject,
    world: &World,
    left: &mut Left,
    report: &mut Report,
) -> Result<(), Failure> {
    let check = Check { id: "sigterm", name: "exits on SIGTERM" };
    report.begin(check.name);
    let mut begun = world.begin(subject, "check_sigterm").await?;
    let verdict = match begun.session {
        None => Verdict::Skip("it did not start a second time"),
        Some(_) => {
            begun.instance.terminate();
            match begun.instance.ended_within(subject.wait).await {
                None => Verdict::fail(
                    format!("still alive after {}", output::limit(subject.wait)),
                    "whoever stops it has to wait, and then to kill it",
                ),
                Some(status) => Verdict::noted(in_words(status)),
            }
        }
    };
    report.add(check, verdict)?;
    left.clear_away(begun.instance).await;
    Ok(())
}

/// A second one of the same name is started while the first one is connected.
pub(super) async fn second(
    subject: &Subject,
    world: &World,
    begun: &mut Begun,
    sname: &str,
    left: &mut Left,
    report: &mut Report,
) -> Result<(), Failure> {
    let check = Check { id: "second", name: "refuses to be there twice" };
    report.begin(check.name);
    let start = subject.start(world.names(sname));
    let (second, status, met) = world.expect_end(&start, subject.wait.max(CONNECT), Answer::Alive).await?;
    let first_answers = match &mut begun.session {
        Some(session) => session.answers(subject).await,
        None => Ok(()),
    };
    let verdict = match (status, met, first_answers) {
        (_, _, Err(why)) => {
            Verdict::fail(format!("the first one: {why}"), "starting it twice costs the one that works")
        }
        (_, Some(Ok(_)), _) => {
            Verdict::warn("it takes the place of the first one", "two of them take turns without end")
        }
        (None, ..) => Verdict::fail("it runs and is not connected", "nobody can reach it, and nobody is told"),
        (Some(status), ..) => refusal(status, &second),
    };
    report.add(check, verdict)?;
    left.clear_away(second).await;
    Ok(())
}

/// A start that cannot work has to end with a status and a line.
fn refusal(status: ExitStatus, instance: &Instance) -> Verdict {
    let speaks = instance.lines().iter().any(|line| line.stderr && !line.text.trim().is_empty());
    match status.code() {
        Some(0) => Verdict::fail("status 0", "supervisors take it for a good end, and nobody looks for the reason"),
        Some(_) if !speaks => Verdict::warn("it says nothing on stderr", "nobody is told why it does not start"),
        Some(_) => Verdict::noted(in_words(status)),
        None => Verdict::fail(format!("it dies of {}{}", in_words(status), words(instance)), "it looks like a crash"),
    }
}

/// Starts that cannot work: a cookie that is not the host's, a host that is not there, no epmd.
pub(super) async fn refused(
    subject: &Subject,
    world: &World,
    left: &mut Left,
    report: &mut Report,
) -> Result<(), Failure> {
    if subject.protocol != Protocol::Nodex {
        return wrong_cookie_of_caller(subject, world, left, report).await;
    }
    let cookie = random_cookie()?.expose();
    let epmd_port = world.epmd.port();
    // Nobody can listen there.
    let nowhere = 1;
    let cases = [
        (
            "wrong_cookie",
            "ends with a wrong cookie",
            Names { cookie: &cookie, ..world.names("check_cookie") },
            epmd_port,
        ),
        ("no_host", "ends without its host", Names { tname: "nobody", ..world.names("check_host") }, epmd_port),
        ("no_epmd", "ends without an epmd", world.names("check_epmd"), nowhere),
    ];
    for (id, name, names, epmd_port) in cases {
        let check = Check { id, name };
        report.begin(name);
        let start = subject.start(Names { epmd_port, ..names });
        let (instance, status, met) = world.expect_end(&start, subject.wait.max(CONNECT), Answer::Ok).await?;
        let verdict = match (status, met) {
            (_, Some(Ok(_))) => Verdict::fail("it connects all the same", "it has the cookie from somewhere else"),
            (None, Some(Err(HandshakeError::WrongCookie { .. }))) | (None, _) => Verdict::fail(
                format!("still alive after {}", output::limit(subject.wait.max(CONNECT))),
                "its supervisor waits for it until its own time is up",
            ),
            (Some(status), _) => refusal(status, &instance),
        };
        report.add(check, verdict)?;
        left.clear_away(instance).await;
    }
    Ok(())
}

/// A node that is connected to has to refuse who does not know the cookie.
async fn wrong_cookie_of_caller(
    subject: &Subject,
    world: &World,
    left: &mut Left,
    report: &mut Report,
) -> Result<(), Failure> {
    let check = Check { id: "wrong_cookie", name: "refuses a wrong cookie" };
    report.begin(check.name);
    let mut begun = world.begin(subject, "check_cookie").await?;
    let verdict = match begun.session.take() {
        None => Verdict::Skip("it did not start a second time"),
        Some(_) => match world.call_with("check_cookie", random_cookie()?).await {
            Ok(Some(_)) => Verdict::fail("it lets everybody in", "whoever reaches its port can use it"),
            Err(ConnectError::Handshake { .. } | ConnectError::Io { .. } | ConnectError::Tcp { .. }) => Verdict::pass(),
            Ok(None) => Verdict::Skip("it is not in epmd any more"),
            Err(error) => Verdict::fail(Chain(&error).to_string(), "callers wait for the end of the handshake"),
        },
    };
    report.add(check, verdict)?;
    left.clear_away(begun.instance).await;
    Ok(())
}

/// What all these starts have left.
pub(super) fn left_overs(left: &Left, report: &mut Report) -> Result<(), Failure> {
    let check = Check { id: "left_overs", name: "leaves no process behind" };
    let verdict = match left.0 {
        0 => Verdict::noted(format!("after {} starts", left.1)),
        count => Verdict::fail(
            format!("{count} processes of it were still there after its end"),
            "they pile up with every restart",
        ),
    };
    Ok(report.add(check, verdict)?)
}
