//! Both ends of epmd's protocol on bytes in memory, for tests that hand in any bytes.
use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use erl_dist::epmd as protocol;
use futures::io::{AsyncRead, AsyncWrite};

use super::bounded::Bounded;
use super::names;
use super::server::Request;

/// What a client makes of `answer` to each of its requests, in words.
pub fn client(answer: &[u8]) -> String {
    let bounded = || Bounded::new(Answer(answer), 4096);
    let stream = || protocol::EpmdClient::new(bounded());
    let entry = protocol::NodeEntry::new_hidden("name", 4711);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(text, "{:?}", at_once(stream().get_node("name")));
    let _ = write!(text, "{:?}", at_once(names::request(bounded())));
    let _ = write!(
        text,
        "{:?}",
        at_once(stream().register(entry)).map(|registered| registered.map(|(_, creation)| creation))
    );
    text
}

/// What a server reads in `request`, which is without its length, in words.
pub fn server(request: &[u8]) -> Option<String> {
    Request::read(request).map(|request| format!("{request:?}"))
}

/// Polls a future that has all that it needs.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

/// Gives these bytes to whoever reads; what is written is lost.
struct Answer<'a>(&'a [u8]);

impl AsyncRead for Answer<'_> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Answer<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
