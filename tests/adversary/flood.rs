//! A stranger that connects repeatedly, from an address of its choice, and keeps its connections open.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddrV4, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};

use super::handshake::{CREATION, FLAGS, name, send};

/// Connections a second.
const RATE: u32 = 1500;

/// Connections that it has at once: more than a node lets strangers have.
const KEPT: usize = 3000;

pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicUsize>,
    thread: thread::JoinHandle<()>,
}

impl Flood {
    /// From this address of this machine. Each connection says a name and then nothing, or nothing at all.
    pub(crate) fn start(from: Ipv4Addr, port: u16, says_name: bool) -> Self {
        // What it keeps are descriptors.
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("more descriptors");
        let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (stop.clone(), made.clone());
        let thread = thread::spawn(move || {
            let (mut kept, started) = (VecDeque::new(), Instant::now());
            while !stopped.load(Ordering::Relaxed) {
                // The node may be busier than the line: then some are not made.
                if let Ok(mut socket) = connect_from(from, port) {
                    if says_name {
                        let number = counted.load(Ordering::Relaxed);
                        let own = format!("mallory{number}@127.0.0.1");
                        let _ = send(&mut socket, &name(FLAGS, CREATION, own.as_bytes()));
                    }
                    kept.push_back(socket);
                }
                if kept.len() > KEPT {
                    kept.pop_front();
                }
                let made = counted.fetch_add(1, Ordering::Relaxed) + 1;
                let due = Duration::from_secs(1) * made as u32 / RATE;
                thread::sleep(due.saturating_sub(started.elapsed()));
            }
        });
        Flood { stop, made, thread }
    }

    /// Waits until it has connected so often.
    pub(crate) fn wait_for(&self, connections: usize) {
        while self.made.load(Ordering::Relaxed) < connections {
            assert!(!self.thread.is_finished(), "the flood has ended");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// How many connections there were.
    pub(crate) fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the flood");
        self.made.load(Ordering::Relaxed)
    }
}

/// A connection to a port of 127.0.0.1 that comes from another address of this machine.
pub(crate) fn connect_from(from: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(TcpStream::from(socket))
}
