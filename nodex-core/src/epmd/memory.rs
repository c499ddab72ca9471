//! Both ends of epmd's protocol on bytes in memory, for tests that pass in any bytes.
use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures::io::{AsyncRead, AsyncWrite};

use super::bounded::Bounded;
use super::server::Request;
use super::{Entry, exchange, names};

/// Describes what a client reads in `answer` after each of its requests.
pub fn client(answer: &[u8]) -> String {
    let stream = || Bounded::new(Answer::new(answer), 4096);
    let entry = Entry::hidden("name", 4711);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(text, "{:?}", at_once(exchange::lookup(stream(), "name")));
    let _ = write!(text, "{:?}", at_once(names::request(stream())));
    let _ = write!(
        text,
        "{:?}",
        at_once(exchange::register(stream(), &entry))
            .map(|done| done.map(|registered| registered.map(|(_, number)| number)))
    );
    text
}

/// Describes what a server reads in `request`, which has no length in front.
pub fn server(request: &[u8]) -> Option<String> {
    Request::read(request).map(|request| format!("{request:?}"))
}

/// Polls a future that has all that it needs.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// A stream in memory: it returns these bytes when read, and keeps the written ones.
pub(super) struct Answer<'a> {
    rest: &'a [u8],
    written: Vec<u8>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Answer { rest, written: Vec::new() }
    }

    #[cfg(all(test, feature = "erl_dist"))]
    pub(super) fn into_written(self) -> Vec<u8> {
        self.written
    }
}

impl AsyncRead for Answer<'_> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.rest).poll_read(context, buffer)
    }
}

impl AsyncWrite for Answer<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
