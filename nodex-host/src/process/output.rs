//! The output of a process as lines, in bounded memory.

use std::{borrow::Cow, fmt, io, os::fd::OwnedFd};

use bytes::Bytes;
use tokio::net::unix::pipe::Receiver;

use super::lines::Cutter;
pub use super::lines::LINE_LIMIT;

/// One of the two outputs of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Returns `stdout` or `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A line of output, or a piece of one that is longer than [`LINE_LIMIT`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The output.
    pub stream: Stream,
    /// The bytes, without the line feed and a carriage return before it.
    pub bytes: Bytes,
    /// Whether the line is longer, and its next piece follows as the next line of this stream.
    pub continues: bool,
}

impl Line {
    /// Returns the bytes as text. Invalid UTF-8 becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// Shows the text. A piece of a longer line ends with `…`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        if self.continues { f.write_str("…") } else { Ok(()) }
    }
}

/// How much is read at most from the pipes of a process that has ended: as much as both can hold. Other processes of
/// its group may print without end.
const LEFT_LIMIT: usize = 2 * 1024 * 1024;

/// The two pipes of a process.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: Pipe,
    stderr: Pipe,
    /// How many bytes were read after the end of the process.
    left: usize,
}

impl Output {
    pub(super) fn new(stdout: Option<OwnedFd>, stderr: Option<OwnedFd>) -> io::Result<Output> {
        Ok(Output { stdout: Pipe::new(Stream::Stdout, stdout)?, stderr: Pipe::new(Stream::Stderr, stderr)?, left: 0 })
    }

    /// Waits for the next line; `None` when both pipes are closed. Cancel safe: no line is lost.
    pub(crate) async fn next(&mut self) -> Option<Line> {
        loop {
            // A process that prints without end must not keep its thread for itself.
            tokio::task::coop::consume_budget().await;
            if let Some(line) = self.stdout.cut().or_else(|| self.stderr.cut()) {
                return Some(line);
            }
            match (self.stdout.is_open(), self.stderr.is_open()) {
                (false, false) => return None,
                (true, false) => self.stdout.readable().await,
                (false, true) => self.stderr.readable().await,
                (true, true) => tokio::select! {
                    () = self.stdout.readable() => {}
                    () = self.stderr.readable() => {}
                },
            }
            self.stdout.read_ready();
            self.stderr.read_ready();
        }
    }

    /// Returns the next line of a process that has ended. What is in the pipes is all that is read, even if other
    /// processes hold them.
    pub(crate) fn next_left(&mut self) -> Option<Line> {
        if self.left > LEFT_LIMIT {
            return None;
        }
        let line = self.stdout.cut_left().or_else(|| self.stderr.cut_left())?;
        self.left += line.bytes.len() + 1;
        Some(line)
    }

    /// Reads and drops the output of processes in the group of one that has ended. Without a reader they would be
    /// killed while they end. Does not return while the pipes are open.
    pub(crate) async fn discard(&mut self) {
        tokio::join!(self.stdout.discard(), self.stderr.discard());
    }
}

#[derive(Debug)]
struct Pipe {
    stream: Stream,
    receiver: Option<Receiver>,
    cutter: Cutter,
    /// The pipe that others hold after the end of the process, once all lines were read.
    left: Option<Receiver>,
}

impl Pipe {
    fn new(stream: Stream, pipe: Option<OwnedFd>) -> io::Result<Pipe> {
        let receiver = pipe.map(Receiver::from_owned_fd).transpose()?;
        Ok(Pipe { stream, receiver, cutter: Cutter::default(), left: None })
    }

    fn is_open(&self) -> bool {
        self.receiver.is_some()
    }

    fn cut(&mut self) -> Option<Line> {
        let (bytes, continues) = self.cutter.cut(self.receiver.is_none())?;
        Some(Line { stream: self.stream, bytes, continues })
    }

    async fn readable(&self) {
        if let Some(receiver) = &self.receiver {
            // An error shows again in the read that follows.
            let _ = receiver.readable().await;
        }
    }

    /// Reads what the runtime has reported as ready.
    fn read_ready(&mut self) {
        let Some(receiver) = &self.receiver else { return };
        match receiver.try_read(self.cutter.room()) {
            Ok(0) => self.receiver = None,
            Ok(count) => self.cutter.filled(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.receiver = None,
        }
    }

    /// Reads without the runtime, which may not have noticed new input yet.
    fn cut_left(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.cut() {
                return Some(line);
            }
            let Some(receiver) = &self.receiver else { return None };
            match rustix::io::read(receiver, self.cutter.room()) {
                Ok(count) if count > 0 => self.cutter.filled(count),
                Err(rustix::io::Errno::INTR) => {}
                _ => self.left = self.receiver.take(),
            }
        }
    }

    async fn discard(&mut self) {
        let mut scratch = [0; 4096];
        while let Some(pipe) = self.left.as_ref().or(self.receiver.as_ref()) {
            tokio::task::coop::consume_budget().await;
            let read = match pipe.readable().await {
                Ok(()) => pipe.try_read(&mut scratch),
                Err(error) => Err(error),
            };
            match read {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => (self.left, self.receiver) = (None, None),
            }
        }
    }
}
