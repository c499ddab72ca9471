//! The host that the executable meets: a private epmd, and a node that looks like a BEAM's.

use std::{
    net::{IpAddr, Ipv4Addr},
    process::ExitStatus,
    time::Duration,
};

use nodex_core::{
    epmd::EpmdError,
    error::Chain,
    net::{
        AcceptError, ConnectError,
        raw::{self, Connection},
    },
    protocol::{
        Cookie, Flags,
        handshake::{Answer, HandshakeError, Request},
    },
};
use nodex_host::distributed::random_cookie;
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    instance::{Instance, Start},
    session::Session,
    subject::{HOST, Names, Protocol, Subject},
};
use crate::{
    failure::Failure,
    raw::{Epmd, Host},
};

/// What a BEAM says of itself, fragments and the atom cache aside.
const BEAM: Flags = Flags::HIDDEN_ALTACT.or(Flags::PUBLISHED);

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The name of the host before the `@`.
pub(super) const TNAME: &str = "host";

pub(super) struct World {
    pub(super) epmd: Epmd,
    pub(super) host: Host,
    cookie: String,
}

/// A start that was waited for until it was connected, or came to nothing.
pub(super) struct Begun {
    pub(super) instance: Instance,
    /// The connection, if there is one.
    pub(super) session: Option<Session>,
    /// When the ready line came.
    pub(super) ready: Option<Duration>,
    /// The place of the ready line among all lines.
    pub(super) ready_at: Option<usize>,
    /// What went wrong.
    pub(super) trouble: Option<String>,
}

impl World {
    pub(super) async fn new() -> Result<World, Failure> {
        let epmd = Epmd::private(LOCALHOST).await?;
        let cookie = random_cookie()?;
        let host = Host::up(&format!("{TNAME}@{HOST}"), LOCALHOST, cookie.clone(), BEAM, &epmd.client).await?;
        Ok(World { epmd, host, cookie: cookie.expose() })
    }

    pub(super) fn names<'a>(&'a self, sname: &'a str) -> Names<'a> {
        Names { sname, cookie: &self.cookie, tname: TNAME, epmd_port: self.epmd.port() }
    }

    /// Starts the executable under this name and waits until it is ready and connected.
    pub(super) async fn begin(&self, subject: &Subject, sname: &str) -> Result<Begun, Failure> {
        let names = self.names(sname);
        let instance = subject.start(names).start()?;
        let mut begun = Begun { instance, session: None, ready: None, ready_at: None, trouble: None };
        self.meet(subject, sname, &mut begun).await;
        Ok(begun)
    }

    async fn meet(&self, subject: &Subject, sname: &str, begun: &mut Begun) {
        let node = format!("{sname}@{HOST}");
        let ready_line = subject.ready_line(&node);
        let deadline = Instant::now() + subject.ready_timeout;
        let printed = begun.instance.printed();
        let mut seen = 0;
        let mut link = None;
        let listens = subject.protocol != Protocol::Nodex;
        loop {
            let is_ready = ready_line.is_none() || begun.ready.is_some();
            if link.is_some() && is_ready {
                break;
            }
            tokio::select! {
                biased;
                () = printed.more(seen) => {
                    let lines = printed.lines();
                    let place = lines[seen..].iter().position(|line| !line.stderr && Some(&line.text) == ready_line.as_ref());
                    if let (None, Some(place)) = (begun.ready, place) {
                        begun.ready = Some(begun.instance.started.elapsed());
                        begun.ready_at = Some(seen + place);
                    }
                    seen = lines.len();
                }
                knock = self.host.knock(), if link.is_none() => {
                    let Ok(socket) = knock else { continue };
                    match raw::accept(socket, self.host.local.clone(), &mut |_: &Request| Answer::Ok).await {
                        Ok(connected) if connected.peer().name == node => link = Some(connected),
                        Ok(other) => begun.trouble = Some(format!("{} connected", other.peer().name)),
                        Err(error) => begun.trouble = Some(Chain(&error).to_string()),
                    }
                }
                status = begun.instance.ended() => {
                    let status = begun.instance.ended_within(Duration::from_secs(1)).await.unwrap_or(status);
                    let words = words(&begun.instance);
                    begun.trouble = Some(format!("it ended with {}{words}", in_words(status)));
                    break;
                }
                () = sleep(Duration::from_millis(20)), if listens && link.is_none() && is_ready => {
                    match self.call(sname).await {
                        Ok(connected) => link = connected,
                        Err(error) => begun.trouble = Some(Chain(&error).to_string()),
                    }
                }
                () = sleep_until(deadline) => break,
            }
        }
        begun.session = link.map(|link| self.session(link));
    }

    pub(super) fn session(&self, link: Connection) -> Session {
        Session::new(link, &self.host.local.name, self.host.local.creation)
    }

    /// Connects to a node that listens; `None` while it is not registered.
    pub(super) async fn call(&self, sname: &str) -> Result<Option<Connection>, ConnectError> {
        self.call_with(sname, self.host.local.cookie.clone()).await
    }

    pub(super) async fn call_with(&self, sname: &str, cookie: Cookie) -> Result<Option<Connection>, ConnectError> {
        let port = match self.epmd.client.lookup(sname).await {
            Ok(entry) => entry.port,
            Err(EpmdError::NotRegistered { .. }) => return Ok(None),
            Err(error) => return Err(ConnectError::Epmd { node: format!("{sname}@{HOST}"), error }),
        };
        let local = nodex_core::protocol::handshake::Local { cookie, ..self.host.local.clone() };
        raw::connect((LOCALHOST, port).into(), local, &format!("{sname}@{HOST}"), true).await.map(Some)
    }

    /// Starts something that is not to become a node; returns its end, and what came of its attempts to connect.
    pub(super) async fn expect_end(
        &self,
        start: &Start,
        limit: Duration,
        answer: Answer,
    ) -> Result<(Instance, Option<ExitStatus>, Option<Result<Connection, HandshakeError>>), Failure> {
        let mut instance = start.start()?;
        let deadline = Instant::now() + limit;
        let mut met = None;
        let status = loop {
            tokio::select! {
                status = instance.ended() => break Some(status),
                knock = self.host.knock() => {
                    let Ok(socket) = knock else { continue };
                    let outcome = raw::accept(socket, self.host.local.clone(), &mut |_: &Request| answer.clone()).await;
                    met = match outcome {
                        Ok(link) => Some(Ok(link)),
                        Err(AcceptError::Handshake(error)) => Some(Err(error)),
                        Err(_) => met,
                    };
                    if matches!(met, Some(Ok(_))) {
                        break instance.ended_within(limit.min(Duration::from_millis(500))).await;
                    }
                }
                () = sleep_until(deadline) => break None,
            }
        };
        if status.is_some() {
            instance.ended_within(Duration::from_millis(1)).await;
        }
        Ok((instance, status, met))
    }
}

/// Returns the last line that it printed, as the end of a sentence.
pub(super) fn words(instance: &Instance) -> String {
    match instance.lines().iter().rev().find(|line| !line.text.trim().is_empty()) {
        Some(line) => format!(", and its last line is \"{}\"", short(&line.text)),
        None => ", and it printed nothing".to_owned(),
    }
}

/// Returns a line from outside, without characters that could harm a terminal.
pub(super) fn short(line: &str) -> String {
    const READABLE: usize = 70;
    let text: String = line.chars().take(READABLE).collect();
    let more = if line.chars().nth(READABLE).is_some() { "…" } else { "" };
    format!("{}{more}", text.escape_debug())
}

pub(super) fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => match signal {
            6 => "SIGABRT".to_owned(),
            9 => "SIGKILL".to_owned(),
            11 => "SIGSEGV".to_owned(),
            15 => "SIGTERM".to_owned(),
            _ => format!("signal {signal}"),
        },
        (None, None) => "no status".to_owned(),
    }
}
