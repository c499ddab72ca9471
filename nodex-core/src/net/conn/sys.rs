//! System calls for which there is no safe interface. The only module of this crate with `unsafe` code.
#![allow(unsafe_code)]

use std::{io, net::TcpStream, os::fd::AsFd};

use bytes::{BufMut, BytesMut};
use rustix::{io::Errno, net::RecvFlags};
use tokio::io::{Interest, unix::AsyncFd};

/// Registers a socket with the runtime, for writing only.
///
/// # Panics
/// Panics outside of a tokio runtime.
pub(super) fn register_for_writing(socket: TcpStream) -> io::Result<AsyncFd<TcpStream>> {
    // SAFETY: a `TcpStream` owns its descriptor, names the same one for as long as it lives, and nobody can put
    // another one into it while the `AsyncFd` holds it.
    Ok(unsafe { AsyncFd::register_with_interest(socket, Interest::WRITABLE) }?)
}

/// Makes one `read` of at most `most` bytes into the spare capacity of `buffer`. Returns how many bytes came, 0 at the
/// end of the stream.
///
/// Zeroing the room before every read would cost as much as handling a tenth of the messages that it takes.
pub(super) fn fill(socket: impl AsFd, buffer: &mut BytesMut, most: usize) -> io::Result<usize> {
    let room = buffer.spare_capacity_mut();
    let most = most.min(room.len());
    let (came, _) = rustix::io::read(socket, &mut room[..most])?;
    let count = came.len();
    // SAFETY: `read` has initialised the first `count` bytes of the spare capacity, and no more than it has.
    unsafe { buffer.advance_mut(count) };
    Ok(count)
}

/// Does the same for a socket without waiting: `None` if no byte is available.
pub(super) fn fill_at_once(socket: impl AsFd, buffer: &mut BytesMut, most: usize) -> io::Result<Option<usize>> {
    let room = buffer.spare_capacity_mut();
    let most = most.min(room.len());
    let count = match rustix::net::recv(socket, &mut room[..most], RecvFlags::DONTWAIT) {
        Ok(((came, _), _)) => came.len(),
        Err(Errno::AGAIN) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // SAFETY: as in `fill`: `recv` has initialised the first `count` bytes.
    unsafe { buffer.advance_mut(count) };
    Ok(Some(count))
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::unix::net::UnixStream};

    use super::*;

    #[test]
    fn what_came_is_appended_and_the_end_is_zero() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let mut buffer = BytesMut::with_capacity(8);
        near.write_all(b"abcdefghijk").unwrap();
        assert_eq!(fill(&far, &mut buffer, usize::MAX).unwrap(), 8);
        assert_eq!(&buffer[..], b"abcdefgh");
        buffer.reserve(16);
        assert_eq!(fill(&far, &mut buffer, 2).unwrap(), 2);
        assert_eq!(fill(&far, &mut buffer, usize::MAX).unwrap(), 1);
        assert_eq!(&buffer[..], b"abcdefghijk");
        drop(near);
        assert_eq!(fill(&far, &mut buffer, usize::MAX).unwrap(), 0);
        assert_eq!(buffer.len(), 11);
    }

    #[test]
    fn without_waiting_nothing_is_told_from_the_end() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let mut buffer = BytesMut::with_capacity(8);
        assert_eq!(fill_at_once(&far, &mut buffer, usize::MAX).unwrap(), None);
        near.write_all(b"abcdefghijk").unwrap();
        assert_eq!(fill_at_once(&far, &mut buffer, 2).unwrap(), Some(2));
        assert_eq!(fill_at_once(&far, &mut buffer, usize::MAX).unwrap(), Some(6));
        assert_eq!(&buffer[..], b"abcdefgh");
        drop(near);
        buffer.reserve(16);
        assert_eq!(fill_at_once(&far, &mut buffer, usize::MAX).unwrap(), Some(3));
        assert_eq!(fill_at_once(&far, &mut buffer, usize::MAX).unwrap(), Some(0));
        assert_eq!(&buffer[..], b"abcdefghijk");
    }
}
