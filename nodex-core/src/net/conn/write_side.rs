//! The writing side of the socket of a connection.

use std::{
    io,
    net::TcpStream,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    task::{Context, Poll, ready},
};

use super::sys::register_for_writing;
use tokio::{
    io::{Interest, unix::AsyncFd},
    net::tcp::OwnedWriteHalf,
};

/// The writing side. When a task reads, the runtime knows the socket for both directions; when a thread reads, for
/// writing only, or the runtime would wake up for every message too.
#[derive(Debug)]
pub(crate) enum WriteSide {
    /// A task reads from the other half.
    Task(OwnedWriteHalf),
    /// A thread reads, and the socket blocks.
    Thread(AsyncFd<TcpStream>),
}

impl WriteSide {
    /// Creates the writing side for a thread that reads, and the descriptor that the thread reads from.
    pub(crate) fn for_thread(socket: tokio::net::TcpStream) -> io::Result<(Self, OwnedFd)> {
        let socket = socket.into_std()?;
        socket.set_nonblocking(false)?;
        let read = socket.try_clone()?.into();
        Ok((WriteSide::Thread(register_for_writing(socket)?), read))
    }

    /// Runs `write` unless the socket is known to be full. `write` must not block.
    pub(super) fn try_write<T>(&self, write: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        match self {
            WriteSide::Task(half) => {
                let socket = half.as_ref();
                socket.try_io(Interest::WRITABLE, || write(socket.as_fd()))
            }
            WriteSide::Thread(socket) => socket.try_io(Interest::WRITABLE, |socket| write(socket.as_fd())),
        }
    }

    /// Returns the socket, for operations other than reading and writing.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            WriteSide::Task(half) => half.as_ref().as_fd(),
            WriteSide::Thread(socket) => socket.get_ref().as_fd(),
        }
    }

    /// Waits until there is room. Several tasks can wait at once.
    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            WriteSide::Task(half) => half.as_ref().writable().await,
            WriteSide::Thread(socket) => {
                socket.writable().await?.retain_ready();
                Ok(())
            }
        }
    }

    /// Polls for room. Only the last task that asked is woken.
    pub(super) fn poll_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            WriteSide::Task(half) => half.as_ref().poll_write_ready(context),
            WriteSide::Thread(socket) => {
                // The readiness stays until a write finds none.
                ready!(socket.poll_write_ready(context))?.retain_ready();
                Poll::Ready(Ok(()))
            }
        }
    }
}
