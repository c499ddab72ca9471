//! A stream that makes any epmd client safe to use.
//!
//! The client of erl_dist writes a request in up to ten small pieces, and reads answers of any length. This stream
//! sends the pieces together at the flush, and returns an error for an answer over the limit.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::io::{AsyncRead, AsyncWrite};

use super::ResponseProblem;

/// Collects writes until the flush, and counts the bytes that are read.
#[derive(Debug)]
pub(super) struct Bounded<T> {
    inner: T,
    output: Vec<u8>,
    /// How much of `output` has been written.
    written: usize,
    read: usize,
    limit: usize,
}

impl<T> Bounded<T> {
    /// `limit`: the longest answer in bytes.
    pub(super) fn new(inner: T, limit: usize) -> Self {
        Bounded { inner, output: Vec::new(), written: 0, read: 0, limit }
    }

    pub(super) fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Bounded<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let count = ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        this.read += count;
        if this.read > this.limit {
            let problem = ResponseProblem::TooLong { limit: this.limit };
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, problem)));
        }
        Poll::Ready(Ok(count))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Bounded<T> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Requests are at most 64 KiB long.
        self.get_mut().output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.written < this.output.len() {
            let count = ready!(Pin::new(&mut this.inner).poll_write(context, &this.output[this.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.written += count;
        }
        this.output.clear();
        this.written = 0;
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.get_mut().inner).poll_close(context)
    }
}
