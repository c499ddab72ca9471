//! The control socket, from the outside.

use std::{io, path::PathBuf, time::Duration};

use rustix::process::geteuid;
use tokio::{net::UnixStream, time::timeout};

use super::{
    file,
    place::{inside, places},
    wire::{Ask, Lines, REPLY_LIMIT, RefusalKind, Reply},
};
use crate::{
    cli::Global,
    failure::{Code, Failure},
};

/// Which fleet.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct FileArg {
    /// The fleet file
    #[arg(short, long, value_name = "FILE", default_value = "nodex.toml")]
    pub(crate) file: PathBuf,
}

/// A conversation with a running `nodex up`.
#[derive(Debug)]
pub(crate) struct Control {
    lines: Lines,
    limit: Duration,
    file: PathBuf,
}

impl Control {
    /// Finds the fleet of this file, and asks it.
    pub(crate) async fn ask(file: &FileArg, global: &Global, ask: &Ask) -> Result<Control, Failure> {
        let path = &file.file;
        // A file that has been broken or removed since must not keep anybody from its fleet.
        let control_dir = file::load(path).ok().and_then(|fleet| fleet.control_dir());
        let mut failure = None;
        for place in places(path, control_dir) {
            let connected = match place.open() {
                Ok(folder) => UnixStream::connect(inside(&folder, &place.socket())).await,
                Err(error) => Err(error),
            };
            match connected {
                Ok(stream) => {
                    if !is_trusted(&stream) {
                        let message = format!("{} is answered by another user", place.socket_path().display());
                        return Err(Failure::new(Code::Refused, message));
                    }
                    let mut control =
                        Control { lines: Lines::new(stream, REPLY_LIMIT), limit: global.timeout, file: path.clone() };
                    let sent = control.lines.send(ask, control.limit).await;
                    sent.map_err(|error| control.failure(&error))?;
                    return Ok(control);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => failure = failure.or(Some((place.socket_path(), error))),
            }
        }
        Err(not_running(file, failure))
    }

    /// The next answer; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Reply>, Failure> {
        loop {
            let reply =
                timeout(self.limit, self.lines.next()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            match self.understood(reply)? {
                Some(Reply::Working) => {}
                reply => return Ok(reply),
            }
        }
    }

    /// The same, however long it takes.
    pub(crate) async fn next_at_last(&mut self) -> Result<Option<Reply>, Failure> {
        let reply = self.lines.next().await;
        self.understood(reply)
    }

    /// Waits until the other side has gone.
    pub(crate) async fn gone(mut self) {
        let _ = timeout(self.limit, self.lines.disturbed()).await;
    }

    fn understood(&self, reply: io::Result<Option<Reply>>) -> Result<Option<Reply>, Failure> {
        match reply {
            Ok(Some(Reply::Done)) => Ok(None),
            Ok(Some(Reply::Error(refusal))) => {
                let code = match refusal.kind {
                    RefusalKind::NoSuchNode => Code::NoSuch,
                    RefusalKind::StartFailed => Code::GaveUp,
                    RefusalKind::BadRequest | RefusalKind::NotNow => Code::PeerError,
                };
                let failure = Failure::new(code, refusal.message);
                Err(match refusal.hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                })
            }
            Ok(Some(reply)) => Ok(Some(reply)),
            Ok(None) => Err(self.failure(&io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.failure(&error)),
        }
    }

    fn failure(&self, error: &io::Error) -> Failure {
        let file = self.file.display();
        match error.kind() {
            io::ErrorKind::TimedOut => {
                Failure::new(Code::TimeOut, format!("the fleet of {file} did not answer within {:?}", self.limit))
                    .hint("--timeout gives it more time")
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Failure::new(Code::NotReachable, format!("the fleet of {file} ended before it answered"))
            }
            _ => Failure::new(Code::PeerError, format!("the fleet of {file} answers what makes no sense: {error}"))
                .hint("is its nodex of another version?"),
        }
    }
}

/// The owner himself, or the superuser.
fn is_trusted(stream: &UnixStream) -> bool {
    let own = geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| own == 0 || peer.uid() == own || peer.uid() == 0)
}

fn not_running(file: &FileArg, failure: Option<(PathBuf, io::Error)>) -> Failure {
    let path = file.file.display();
    match failure {
        Some((socket, error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Failure::new(Code::NotReachable, format!("the fleet of {path} is not up"))
                .detail(format!("its socket {} was left by a process that has ended", socket.display()))
                .hint(format!("nodex up -f {path} starts it"))
        }
        Some((socket, error)) => {
            let code = match error.kind() {
                io::ErrorKind::PermissionDenied => Code::Refused,
                _ => Code::NotReachable,
            };
            Failure::new(code, format!("the control socket {} cannot be used: {error}", socket.display()))
        }
        None if file.file.exists() => Failure::new(Code::NotReachable, format!("the fleet of {path} is not up"))
            .hint(format!("nodex up -f {path} starts it")),
        None => Failure::new(Code::Usage, format!("there is no fleet file {path}"))
            .hint("-f names the fleet file; the default is nodex.toml in this folder"),
    }
}
