//! The generator as a host: a tiny epmd that knows one name, a listening socket, and node
//! executables started with the four arguments.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{
    aloud,
    frames::HOST_NODE,
    handshake::{self, COOKIE},
};

/// How long a step of a healthy run may take. None takes a tenth of this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A host that nodes can connect to.
#[derive(Debug)]
pub struct Host {
    listener: TcpListener,
    epmd_port: u16,
    fragments: bool,
}

impl Host {
    /// The same as one that does with fragments.
    #[must_use]
    pub fn with_fragments(mut self) -> Self {
        self.fragments = true;
        self
    }

    /// Listens on free loopback ports.
    ///
    /// # Errors
    /// Returns an error when there is none.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let epmd = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let epmd_port = epmd.local_addr()?.port();
        let port = listener.local_addr()?.port();
        std::thread::spawn(move || {
            for stream in epmd.incoming().flatten() {
                // A node that asks wrongly shows as one that never connects.
                let _ = answer_epmd(stream, port);
            }
        });
        Ok(Self { listener, epmd_port, fragments: false })
    }

    /// Starts `executable` and waits for its ready line. Gives its connection, and the time from
    /// the start to that line.
    ///
    /// # Errors
    /// Returns an error when it does not start, does not connect or prints no such line.
    pub fn spawn(&self, executable: &Path) -> io::Result<(Node, Duration)> {
        self.spawn_with(executable, &[])
    }

    /// Returns the same with more in its environment.
    pub(crate) fn spawn_with(&self, executable: &Path, more: &[(&str, String)]) -> io::Result<(Node, Duration)> {
        let (alive, host) = HOST_NODE.split_once('@').unwrap_or((HOST_NODE, ""));
        let started = Instant::now();
        let mut child = Command::new(executable)
            .args(["node", host, COOKIE, alive])
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .envs(more.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        aloud::pass_on(&mut child)?;
        let lines = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let mut child = Reaped(child);
        let mut stream = self.accept(&mut child)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        handshake::accept(&mut stream, COOKIE, self.fragments)?;
        for line in lines.into_iter().flatten() {
            if line?.ends_with(" ready") {
                return Ok((Node { stream, child }, started.elapsed()));
            }
        }
        Err(io::Error::other("the node printed no ready line"))
    }

    /// Waits for the connection of `child`, as long as it lives.
    fn accept(&self, child: &mut Reaped) -> io::Result<TcpStream> {
        let deadline = Instant::now() + PATIENCE;
        let moment = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        while Instant::now() < deadline {
            let mut fds = [PollFd::new(&self.listener, PollFlags::IN)];
            if poll(&mut fds, Some(&moment))? != 0 {
                return Ok(self.listener.accept()?.0);
            }
            if let Some(status) = child.0.try_wait()? {
                return Err(io::Error::other(format!("it ended with {status} before it connected")));
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "the node did not connect"))
    }
}

/// PORT2_RESP to PORT_PLEASE2_REQ, whatever the name.
fn answer_epmd(mut stream: TcpStream, port: u16) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut request = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut request)?;
    let name = request.get(1..).unwrap_or_default();
    let mut answer = vec![119, 0];
    answer.extend(port.to_be_bytes());
    answer.extend([77, 0, 0, 6, 0, 5]);
    answer.extend((name.len() as u16).to_be_bytes());
    answer.extend(name);
    answer.extend([0, 0]);
    stream.write_all(&answer)
}

/// A connected node executable.
#[derive(Debug)]
pub struct Node {
    /// The connection with it, as its host sees it.
    pub stream: TcpStream,
    child: Reaped,
}

impl Node {
    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Ends it in the midst of whatever it does.
    pub(crate) fn end(self) {}

    /// Sends SIGTERM; returns the time until the process has ended, whatever its status.
    ///
    /// # Errors
    /// Returns an error when it goes on.
    pub(crate) fn terminate(self) -> io::Result<Duration> {
        // The connection stays until the node ends it, and is closed at once then, as a BEAM does.
        let Self { stream, mut child } = self;
        let process = pidfd_open(Pid::from_child(&child.0), PidfdFlags::empty())?;
        let sent = Instant::now();
        pidfd_send_signal(&process, Signal::TERM)?;
        let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        let mut stream = Some(stream);
        loop {
            let mut events = vec![PollFd::new(&process, PollFlags::IN)];
            events.extend(stream.as_ref().map(|stream| PollFd::new(stream, PollFlags::IN)));
            if poll(&mut events, Some(&patience))? == 0 {
                return Err(io::Error::other("the node still runs although it got a SIGTERM"));
            }
            if events.first().is_some_and(|process| !process.revents().is_empty()) {
                break;
            }
            let rest = stream.as_mut().map(|stream| stream.read(&mut [0; 4096]));
            if !matches!(rest, Some(Ok(1..))) {
                stream = None;
            }
        }
        let took = sent.elapsed();
        child.0.wait()?;
        Ok(took)
    }

    /// Drops the connection; the executable has to end by itself, with 0.
    ///
    /// # Errors
    /// Returns an error when it does not, or with another status.
    pub fn stop(self) -> io::Result<()> {
        let Self { stream, mut child } = self;
        drop(stream);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = child.0.try_wait()? {
                let ended = format!("the node ended with {status} when its link was lost");
                return if status.success() { Ok(()) } else { Err(io::Error::other(ended)) };
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::other("the node still runs although its link is lost"))
    }
}

/// A child that is killed, if need be, and reaped when it is dropped.
#[derive(Debug)]
pub(crate) struct Reaped(pub(crate) Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
