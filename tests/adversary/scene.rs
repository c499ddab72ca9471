//! The node that misbehaves on request, with one peer connected to it from either side.

use std::{
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use super::{
    handshake,
    link::{Link, PATIENCE},
    stage::{COOKIE, HOST, Stage},
    victim::Victim,
};
use nodex_testkit::executable::Executable;

/// Who made the connection. It decides what drives it in the node: the connection of a node executable to its host has
/// a thread of its own, those that come in are tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The node connected to its host.
    Host,
    /// A peer connected to the node.
    Peer,
}

/// A connected node. The connection is there from the start; see `peer` for more of them.
pub(crate) struct Scene {
    pub(crate) victim: Victim,
    pub(crate) link: Link,
    port: u16,
}

pub(crate) fn target() -> Executable {
    Executable::example("target_under_test")
}

impl Scene {
    pub(crate) fn set(side: Side, environment: &[(&str, &str)]) -> Self {
        match side {
            Side::Host => {
                let stage = Stage::set_with(&target(), environment);
                let mut socket = stage.accept();
                handshake::accept(&mut socket, HOST, COOKIE).expect("the handshake");
                Scene { victim: stage.victim, link: Link::new(socket, HOST), port: 0 }
            }
            Side::Peer => {
                let (victim, port) = Victim::listen(&target(), COOKIE, environment);
                Scene { victim, link: peer(port, "host@127.0.0.1"), port }
            }
        }
    }

    /// A node that listens, started by another program, which these words call and which becomes the node.
    pub(crate) fn through(words: &[&str], environment: &[(&str, &str)]) -> Self {
        let (victim, port) = Victim::listen_through(words, &target(), COOKIE, environment);
        Scene { victim, link: peer(port, "host@127.0.0.1"), port }
    }

    /// Another program that listens.
    pub(crate) fn of(executable: &Executable) -> Self {
        let (victim, port) = Victim::listen(executable, COOKIE, &[]);
        Scene { victim, link: peer(port, "first@127.0.0.1"), port }
    }

    /// One more peer, of a node that listens.
    pub(crate) fn peer(&self, name: &str) -> Link {
        peer(self.port, name)
    }

    /// A connection on which nothing has been said.
    pub(crate) fn socket(&self) -> TcpStream {
        socket(self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn peer(port: u16, name: &str) -> Link {
    let mut socket = socket(port);
    handshake::connect(&mut socket, name, COOKIE).expect("the handshake");
    Link::new(socket, name)
}

fn socket(port: u16) -> TcpStream {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the node listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    // A node that does not read must not hold up the test for ever.
    socket.set_write_timeout(Some(PATIENCE + Duration::from_secs(10))).expect("a time-out");
    socket
}

/// Each case as two tests: on a connection that the node has made, and on one that it has accepted.
#[allow(unused_macros)]
macro_rules! on_both_sides {
    ($($case:ident),+ $(,)?) => {
        mod connected_by_the_node { $(#[test] fn $case() { super::$case(super::Side::Host); })+ }
        mod connected_by_the_peer { $(#[test] fn $case() { super::$case(super::Side::Peer); })+ }
    };
}
#[allow(unused_imports)]
pub(crate) use on_both_sides;
