//! A private epmd on a free loopback port, so that tests neither see nor disturb each other or the
//! machine's own.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{PATIENCE, free_port, poll};

/// A running epmd; dropping it ends the process.
#[derive(Debug)]
pub struct Epmd {
    child: Child,
    port: u16,
}

impl Epmd {
    /// Starts epmd and waits until it answers. Another program may take the free port first: then a
    /// new one is tried.
    pub fn start() -> Self {
        for _ in 0..10 {
            let port = free_port();
            let mut epmd = Self { child: run(port), port };
            if epmd.answers() {
                return epmd;
            }
        }
        panic!("epmd answered on none of ten free ports");
    }

    /// Returns the port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the process.
    pub fn stop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts another one on the same port.
    pub fn restart(&mut self) {
        self.stop();
        self.child = run(self.port);
        assert!(self.answers(), "epmd does not answer on its port any more");
    }

    fn answers(&mut self) -> bool {
        let answered = poll(PATIENCE, || match self.child.try_wait().expect("the state of epmd") {
            Some(_) => Some(false),
            None => self.answers_names().unwrap_or(false).then_some(true),
        });
        answered == Some(true)
    }

    /// NAMES_REQ (erl_dist_protocol, "Get All Registered Names from EPMD"): the answer starts with
    /// epmd's own port.
    fn answers_names(&self) -> std::io::Result<bool> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        std::io::Write::write_all(&mut socket, &[0, 1, 110])?;
        let mut port = [0; 4];
        socket.read_exact(&mut port)?;
        Ok(u32::from_be_bytes(port) == u32::from(self.port))
    }
}

impl Drop for Epmd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(port: u16) -> Child {
    Command::new("epmd")
        .args(["-port", &port.to_string(), "-address", "127.0.0.1"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("epmd starts (Debian: erlang-base)")
}
