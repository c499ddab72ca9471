//! The control socket, from the outside.

use std::{io, os::fd::OwnedFd, path::PathBuf, time::Duration};

use nodex_core::error::Chain;
use rustix::process::geteuid;
use tokio::{net::UnixStream, time::timeout};

use super::{
    file,
    place::{Opened, Place, inside, places},
    private::is_socket,
    wire::{Ask, Lines, REPLY_LIMIT, RefusalKind, Reply},
};
use crate::{
    failure::{Code, Failure},
    options::Global,
    output::Screen,
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
        for (place, opened) in folders(&places(path, control_dir), &mut failure) {
            match connect(&place, &opened.folder).await {
                Ok(stream) => {
                    if !is_trusted(&stream, opened.owner) {
                        let message = format!("{} is answered by another user", place.socket_path().display());
                        return Err(Failure::new(Code::Refused, message));
                    }
                    if opened.owner != geteuid().as_raw() {
                        let words = format!("the fleet of {} is that of the user {}", path.display(), opened.owner);
                        Screen::new(global.quiet).talk(words);
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

    /// Returns the next answer; `None` after the last one.
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

    /// Returns the same, however long it takes.
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
            _ => Failure::new(
                Code::PeerError,
                format!("the fleet of {file} answers what makes no sense: {error}", error = Chain(&error)),
            )
            .hint("is its nodex of another version?"),
        }
    }
}

/// Returns the folders that are there, first those of this user: where the superuser looks, others may have put theirs
/// in the way.
fn folders(places: &[Place], failure: &mut Option<(PathBuf, io::Error)>) -> Vec<(Place, Opened)> {
    let mut folders = Vec::new();
    for place in places {
        match place.open() {
            Ok(opened) => folders.push((place.clone(), opened)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => *failure = failure.take().or(Some((place.socket_path(), error))),
        }
    }
    folders.sort_by_key(|(_, opened)| opened.owner != geteuid().as_raw());
    folders
}

async fn connect(place: &Place, folder: &OwnedFd) -> io::Result<UnixStream> {
    if !is_socket(folder, &place.socket())? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is no socket"));
    }
    UnixStream::connect(inside(folder, &place.socket())).await
}

/// Whoever owns the folder, or the superuser.
fn is_trusted(stream: &UnixStream, owner: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0)
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
            Failure::new(
                code,
                format!("the control socket {} cannot be used: {error}", socket.display(), error = Chain(&error)),
            )
        }
        None if file.file.exists() => Failure::new(Code::NotReachable, format!("the fleet of {path} is not up"))
            .hint(format!("nodex up -f {path} starts it")),
        None => Failure::new(Code::Usage, format!("there is no fleet file {path}"))
            .hint("-f names the fleet file; the default is nodex.toml in this folder"),
    }
}
