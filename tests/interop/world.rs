//! A world of its own for a test: a private epmd and a runtime for Rust nodes.

use std::net::Ipv4Addr;
use std::time::Duration;

use nodex_core::dist::Cookie;
use nodex_core::node::{Builder, Node};
use tokio::runtime::Runtime;

use crate::support::epmd::Epmd;
use crate::support::erl::Beam;
use crate::support::otp::Otp;

/// What all nodes of a world share unless a test says otherwise.
pub(crate) const COOKIE: &str = "interop";

/// Generous: what is waited for takes milliseconds, but the machine may be busy with others.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    runtime: Runtime,
    epmd: Epmd,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { runtime: runtime.expect("a runtime"), epmd: Epmd::start() }
    }

    pub(crate) fn epmd_port(&self) -> u16 {
        self.epmd.port()
    }

    /// Waits for something that happens in time.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let late = |_| panic!("it took longer than {DEADLINE:?}");
        self.runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(late) })
    }

    /// A node that listens and is published.
    pub(crate) fn node(&self, name: &str, builder: Builder) -> Node {
        self.start(name, builder.listen((Ipv4Addr::LOCALHOST, 0).into()))
    }

    /// A node that does not listen unless the builder was told to.
    pub(crate) fn start(&self, name: &str, builder: Builder) -> Node {
        let cookie = Cookie::new(COOKIE).expect("a cookie");
        self.wait(builder.epmd_port(self.epmd_port()).start(name, cookie)).expect("a node")
    }

    /// A BEAM in this world.
    pub(crate) fn beam(&self, otp: &Otp, name: &str, arguments: &[&str]) -> Beam {
        Beam::start(otp, name, COOKIE, self.epmd_port(), arguments)
    }
}
