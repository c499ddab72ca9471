//! A stand-in for a bad network that every machine has: between two nodes, on the loopback interface.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;

const OPEN: u8 = 0;
const SLOW: u8 = 1;
const CUT: u8 = 2;

/// Passes bytes between clients and one port, with or without faults. Its threads end with it.
pub(crate) struct Proxy {
    port: u16,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    state: AtomicU8,
    end: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("the address of a bound socket").port();
        let line = Arc::new(Line::default());
        let shared = line.clone();
        thread::spawn(move || {
            for near in listener.incoming() {
                if shared.end.load(Ordering::Relaxed) {
                    return;
                }
                let near = near.expect("a connection");
                let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { continue };
                for socket in [&near, &far] {
                    socket.set_nodelay(true).expect("no delay");
                    shared
                        .sockets
                        .lock()
                        .expect("no panic in there")
                        .push(socket.try_clone().expect("a second handle"));
                }
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
                    let line = shared.clone();
                    thread::spawn(move || line.pass(from, to));
                }
            }
        });
        Proxy { port, line }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Bytes come at once, and as they were sent.
    pub(crate) fn open(&self) {
        self.line.state.store(OPEN, Ordering::Relaxed);
    }

    /// Bytes come late, and in small pieces.
    pub(crate) fn slow(&self) {
        self.line.state.store(SLOW, Ordering::Relaxed);
    }

    /// Nothing comes any more, and nobody is told.
    pub(crate) fn cut(&self) {
        self.line.state.store(CUT, Ordering::Relaxed);
    }

    /// Ends all connections with a reset, wherever in a frame they are.
    pub(crate) fn reset(&self) {
        for socket in self.line.sockets.lock().expect("no panic in there").drain(..) {
            set_socket_linger(&socket, Some(Duration::ZERO)).expect("no linger");
            // The other handles to it are in the threads that pass bytes on, which end with this.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.end.store(true, Ordering::Relaxed);
        self.reset();
        // Has the listening thread look up.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Line {
    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = [0; 16 * 1024];
        let mut step: usize = 1;
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            let mut rest = &chunk[..count];
            while !rest.is_empty() {
                step = step * 31 % 197 + 1;
                let piece = match self.wait(step) {
                    SLOW => step.min(rest.len()),
                    _ => rest.len(),
                };
                let (now, later) = rest.split_at(piece);
                if to.write_all(now).is_err() {
                    return;
                }
                rest = later;
            }
        }
        // What was sent before has arrived.
        let _ = to.shutdown(Shutdown::Write);
    }

    /// Waits until something may pass, and returns the state of the line.
    fn wait(&self, step: usize) -> u8 {
        loop {
            match self.state.load(Ordering::Relaxed) {
                CUT if !self.end.load(Ordering::Relaxed) => thread::sleep(Duration::from_millis(5)),
                SLOW => {
                    thread::sleep(Duration::from_micros(50 * step as u64));
                    return SLOW;
                }
                state => return state,
            }
        }
    }
}
