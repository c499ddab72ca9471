//! Writing to the stdin of a process that has just been started.

use std::{io, os::fd::OwnedFd};

use tokio::{io::AsyncWriteExt as _, net::unix::pipe::Sender, task::AbortHandle};

/// A task that writes, and closes its end of the pipe when all is written, the process has ended, or this is dropped.
#[derive(Debug)]
pub(super) struct Feed(AbortHandle);

impl Feed {
    /// Starts writing in the current tokio runtime.
    pub(super) fn start(stdin: OwnedFd, input: Vec<u8>) -> io::Result<Feed> {
        let mut pipe = Sender::from_owned_fd(stdin)?;
        let write = async move {
            // An error is the end of the process, which others tell.
            let _ = pipe.write_all(&input).await;
        };
        Ok(Feed(tokio::spawn(write).abort_handle()))
    }

    /// Closes the pipe. Unwritten input is dropped.
    pub(super) fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end();
    }
}
