//! A peer that writes as much as the node takes.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use nodex_testkit::standing_still;

use super::{link::Link, wire::reg_send};

/// Writes messages from a thread of its own, for as long as the node takes them.
pub(crate) struct Writing {
    thread: thread::JoinHandle<()>,
    written: Arc<AtomicUsize>,
}

impl Writing {
    pub(crate) fn start(link: &Link, messages: usize, message: impl Fn(usize) -> Vec<u8> + Send + 'static) -> Self {
        let (mut writer, me) = (link.socket.try_clone().expect("a second handle"), link.me.clone());
        writer.set_write_timeout(None).expect("no time-out");
        let written = Arc::new(AtomicUsize::new(0));
        let count = written.clone();
        let thread = thread::spawn(move || {
            for i in 0..messages {
                writer.write_all(&reg_send(&me, "any", &message(i))).expect("the node reads in the end");
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Writing { thread, written }
    }

    /// Waits until it does not get on any more, because the node does not read. The node must not have taken all.
    pub(crate) fn stands_still(&self) {
        standing_still(|| {
            let written = self.written.load(Ordering::Relaxed);
            assert!(!self.thread.is_finished(), "the node has taken all {written} messages");
            written
        });
    }

    pub(crate) fn finish(self) {
        self.thread.join().expect("the writer");
    }
}
