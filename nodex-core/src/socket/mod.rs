//! [`ShutOnDrop`].

use std::{ops::Deref, os::fd::AsFd};

use rustix::net::{Shutdown, shutdown};

/// A socket that is shut down when it is dropped.
///
/// Closing the descriptor is not enough: a child process has a copy of every descriptor until it runs its own program.
/// Until then an epmd considers the node registered, and a port stays taken.
#[derive(Debug)]
pub(crate) struct ShutOnDrop<S: AsFd>(pub(crate) S);

impl<S: AsFd> Deref for ShutOnDrop<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: AsFd> Drop for ShutOnDrop<S> {
    fn drop(&mut self) {
        // Fails if the other side has ended the connection already.
        let _ = shutdown(self.0.as_fd(), Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_keeps_nothing_open() {
        let listener = ShutOnDrop(TcpListener::bind("127.0.0.1:0").unwrap());
        let address = listener.local_addr().unwrap();
        let near = ShutOnDrop(TcpStream::connect(address).unwrap());
        let (mut far, _) = listener.accept().unwrap();
        let copies = (listener.try_clone().unwrap(), near.try_clone().unwrap());
        drop(near);
        assert_eq!(far.read(&mut [0; 1]).unwrap(), 0);
        drop(far);
        drop(listener);
        assert!(TcpStream::connect(address).is_err());
        TcpListener::bind(address).unwrap();
        drop(copies);
    }
}
