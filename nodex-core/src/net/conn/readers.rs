//! Threads that drive the connections of a node that listens. Each connection stays with one thread for as long as it
//! lasts.
//!
//! In the runtime of the program, one thread waits for all sockets and passes tasks that are ready to other threads,
//! which also take them from each other when they are idle. Each of these steps needs a wake-up and a shared lock. Here
//! the thread that waits for a socket also handles its input, and no other thread does.

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

/// The threads. They end when this value is dropped, or with the runtime in which they were started.
#[derive(Debug)]
pub(crate) struct Readers {
    threads: Vec<Reader>,
    /// Dropping it ends the task that holds the threads.
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
    /// Starts the threads. Must be called in a tokio runtime.
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

    /// Returns a place on the thread with the fewest connections; `None` when there is no thread.
    pub(crate) fn seat(&self) -> Option<Seat> {
        let least = self.threads.iter().min_by_key(|reader| reader.connections.load(Ordering::Relaxed))?;
        least.connections.fetch_add(1, Ordering::Relaxed);
        Some(Seat { handle: least.handle.clone(), connections: least.connections.clone() })
    }
}

impl Reader {
    /// Starts a thread, which ends when the sender is dropped.
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
    // An error means that the sender was dropped, which is the event that this waits for.
    let _ = runtime.block_on(ended);
}

impl Seat {
    /// Returns the same connection, registered with the runtime of this thread.
    pub(crate) fn adopt(&self, socket: TcpStream) -> io::Result<TcpStream> {
        let socket = socket.into_std()?;
        let _guard = self.handle.enter();
        TcpStream::from_std(socket)
    }

    /// Drives a connection. As everywhere else, tasks and timers of handlers belong to the runtime in which this is
    /// called.
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
