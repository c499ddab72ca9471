//! A private epmd on a free loopback port, so that tests neither see nor disturb each other or the
//! machine's own.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running epmd; dropping it ends the process.
pub(crate) struct Epmd {
    child: Child,
    port: u16,
}

impl Epmd {
    /// Starts epmd and waits until it answers. Another program may take the free port first: then a
    /// new one is tried.
    pub(crate) fn start() -> Self {
        for _ in 0..10 {
            let port = free_port();
            let mut epmd = Self { child: run(port), port };
            if epmd.answers() {
                return epmd;
            }
        }
        panic!("epmd answered on none of ten free ports");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends the process.
    pub(crate) fn stop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts another one on the same port.
    #[allow(dead_code)] // The benchmark has no use for it.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.child = run(self.port);
        assert!(self.answers(), "epmd does not answer on its port any more");
    }

    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline && self.child.try_wait().expect("the state of epmd").is_none() {
            if self.answers_names().unwrap_or(false) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
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

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the address of a bound socket").port()
}
