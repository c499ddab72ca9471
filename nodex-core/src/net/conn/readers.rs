//! Threads that drive the connections of a node that listens: each has its own, for as long as they last.
//!
//! On the runtime of the program one thread waits for all sockets and hands what is ready to the others, which take it
//! from each other when they are idle: each of these is a wake-up, and a lock that they share. Here the thread that waits
//! for a socket is the one that handles what comes, and no other ever does.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tokio::{
    net::TcpStream,
    runtime::{self, Handle, Runtime},
    sync::oneshot,
};
use tokio_util::context::TokioContext;

/// As many threads as were asked for. They end when this is dropped, or with the runtime in which they were started.
#[derive(Debug)]
pub(crate) struct Readers {
    threads: Vec<Reader>,
    /// Its end ends the task that holds the threads.
    _alive: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Reader {
    handle: Handle,
    connections: Arc<AtomicUsize>,
}

/// The place of one connection on one of the threads.
#[derive(Debug)]
pub(crate) struct Seat {
    handle: Handle,
    connections: Arc<AtomicUsize>,
}

impl Readers {
    /// Starts the threads. In a tokio runtime.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let (_alive, ended) = oneshot::channel::<()>();
        let (threads, held): (Vec<_>, Vec<_>) =
            (0..count).map(Reader::start).collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        tokio::spawn(async move {
            let _held = held;
            let _ = ended.await;
        });
        Ok(Readers { threads, _alive })
    }

    /// On the thread with the fewest connections; `None` when there is no thread.
    pub(crate) fn seat(&self) -> Option<Seat> {
        let least = self.threads.iter().min_by_key(|reader| reader.connections.load(Ordering::Relaxed))?;
        least.connections.fetch_add(1, Ordering::Relaxed);
        Some(Seat { handle: least.handle.clone(), connections: least.connections.clone() })
    }
}

impl Reader {
    /// The thread ends with the sender.
    fn start(number: usize) -> io::Result<(Self, oneshot::Sender<()>)> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (held, ended) = oneshot::channel();
        let run = move || wait(&runtime, ended);
        thread::Builder::new().name(format!("nodex-read-{number}")).spawn(run)?;
        Ok((Reader { handle, connections: Arc::default() }, held))
    }
}

fn wait(runtime: &Runtime, ended: oneshot::Receiver<()>) {
    // An error is the end that is waited for.
    let _ = runtime.block_on(ended);
}

impl Seat {
    /// The same connection, of which this thread hears.
    pub(crate) fn adopt(&self, socket: TcpStream) -> io::Result<TcpStream> {
        let socket = socket.into_std()?;
        let _guard = self.handle.enter();
        TcpStream::from_std(socket)
    }

    /// Drives a connection. What handlers spawn, and the timers that they wait for, are of the runtime that this is called
    /// in, as everywhere else.
    pub(crate) fn spawn(self, serve: impl Future<Output: Send> + Send + 'static) {
        let serve = TokioContext::new(serve, Handle::current());
        let handle = self.handle.clone();
        handle.spawn(async move {
            let _seat = self;
            serve.await;
        });
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
