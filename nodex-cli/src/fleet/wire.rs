//! What is said over a control socket: one request, and its answers, each a line of JSON.
//!
//! ```text
//! {"nodex":1,"ask":"restart","name":"calc"}
//!                                             {"nodex":1,"is":"working"}        every second while it takes
//!                                             {"nodex":1,"is":"node","name":"calc","state":"up", ..}
//!                                             {"nodex":1,"is":"done"}           the last line, or an error
//! ```

use std::{io, time::Duration};

use nodex_core::error::Chain;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

use crate::output::Untrusted;

/// The version of the protocol; it is in every line.
const VERSION: u32 = 1;

/// The longest request in bytes.
pub(super) const REQUEST_LIMIT: usize = 4 * 1024;

/// The longest answer in bytes. A printed line has up to 4 KiB, and up to six times that as JSON.
pub(super) const REPLY_LIMIT: usize = 64 * 1024;

/// What somebody wants.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// How it is with all nodes.
    Ps,
    /// The last lines of a node, or of all, and those to come.
    Logs { name: Option<String>, lines: usize, follow: bool },
    /// A stop and a start.
    Restart { name: String },
    /// The stop of a node, or of all and of the fleet itself.
    Stop { name: Option<String> },
}

/// What is said to it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(crate) enum Reply {
    Fleet(FleetInfo),
    Node(NodeInfo),
    Line(LogLine),
    /// Lines that came faster than they were read.
    Missed {
        count: u64,
    },
    /// The operation continues.
    Working,
    /// The end of the answers.
    Done,
    Error(Refusal),
}

/// A fleet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FleetInfo {
    pub(crate) file: Untrusted,
    /// `starting`, `up` or `stopping`.
    pub(crate) state: Untrusted,
    pub(crate) host: Untrusted,
    pub(crate) pid: u32,
    pub(crate) epmd_port: u16,
    pub(crate) uptime_ms: u64,
}

/// A node of a fleet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeInfo {
    pub(crate) name: Untrusted,
    pub(crate) node: Option<Untrusted>,
    /// `waiting`, `starting`, `up`, `down`, `restarting`, `stopping`, `stopped`, `gave up` or `ended`.
    pub(crate) state: Untrusted,
    pub(crate) pid: Option<u32>,
    pub(crate) uptime_ms: Option<u64>,
    pub(crate) restarts: u64,
    /// Why it was down the last time.
    pub(crate) last_cause: Option<Untrusted>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) cpu_ms: Option<u64>,
}

/// A line that a node printed, or something that happened to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogLine {
    pub(crate) time: String,
    pub(crate) name: String,
    /// `stdout`, `stderr`, or `event`.
    pub(crate) stream: String,
    pub(crate) text: String,
    /// A longer line was cut here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) continues: bool,
}

/// Why something is not done.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) kind: RefusalKind,
    pub(crate) message: Untrusted,
    #[serde(default)]
    pub(crate) hint: Option<Untrusted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefusalKind {
    /// Not understood.
    BadRequest,
    /// There is no node of this name.
    NoSuchNode,
    /// It did not come up.
    StartFailed,
    /// Not now.
    NotNow,
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    nodex: u32,
    #[serde(flatten)]
    what: T,
}

/// Returns a line of JSON.
fn line(what: impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Envelope { nodex: VERSION, what })?;
    line.push(b'\n');
    Ok(line)
}

/// One side of a conversation.
#[derive(Debug)]
pub(super) struct Lines {
    stream: UnixStream,
    /// What has been read and not been taken yet.
    buffer: Vec<u8>,
    limit: usize,
}

impl Lines {
    /// Reads lines of up to `limit` bytes.
    pub(super) fn new(stream: UnixStream, limit: usize) -> Lines {
        Lines { stream, buffer: Vec::new(), limit }
    }

    pub(super) async fn send(&mut self, what: impl Serialize, limit: Duration) -> io::Result<()> {
        timeout(limit, self.stream.write_all(&line(what)?)).await?
    }

    /// Waits as long as it takes.
    pub(super) async fn send_slowly(&mut self, what: impl Serialize) -> io::Result<()> {
        self.stream.write_all(&line(what)?).await
    }

    /// Returns the next line; `None` at the end. Loses nothing when it is cancelled.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let invalid = |words: String| io::Error::new(io::ErrorKind::InvalidData, words);
        let mut searched = 0;
        loop {
            if let Some(feed) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=searched + feed).collect();
                return match serde_json::from_slice(&line) {
                    Ok(Envelope { nodex: VERSION, what }) => Ok(Some(what)),
                    Ok(Envelope { nodex, .. }) => {
                        Err(invalid(format!("version {nodex} of the control protocol, and not {VERSION}")))
                    }
                    Err(error) => Err(invalid(format!("not understood: {error}", error = Chain(&error)))),
                };
            }
            searched = self.buffer.len();
            if searched > self.limit {
                return Err(invalid(format!("a line of more than {} bytes", self.limit)));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    /// Waits until the other side says anything more, or goes away.
    pub(super) async fn disturbed(&mut self) {
        let _ = self.stream.read(&mut [0]).await;
    }
}
