//! Calls that are counted on both sides.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use nodex::prelude::*;
use nodex_core::error::Chain;
use nodex_core::node::{CallError, Destination, Node};

use nodex_testkit::{
    erl::Beam,
    standing_still,
    world::{DEADLINE, LIMIT},
};

/// What became of all calls that were made.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) sent: AtomicUsize,
    pub(crate) answered: AtomicUsize,
    /// By their causes.
    pub(crate) failed: Mutex<BTreeMap<String, usize>>,
    end: AtomicBool,
}

/// Has a BEAM count calls of `add`; the process is registered as `counter`.
pub(crate) fn count_in(beam: &mut Beam) {
    let started = beam.eval(
        "Loop = fun Loop(N) -> receive
            {'$gen_call', From, add} -> gen_server:reply(From, N + 1), Loop(N + 1);
            {'$gen_call', From, count} -> gen_server:reply(From, N), Loop(N)
        end end,
        register(counter, spawn(fun() -> Loop(0) end))",
    );
    assert_eq!(started, "true");
}

pub(crate) fn counter(node: &str) -> Destination {
    Destination::try_from((atom!("counter"), node)).expect("a node name")
}

impl Ledger {
    /// Calls without a pause, so many at a time, until [`Self::stop`]; in a runtime.
    pub(crate) fn start(node: &Node, beam: &str, at_a_time: usize) -> (Arc<Self>, Vec<tokio::task::JoinHandle<()>>) {
        let ledger = Arc::new(Ledger::default());
        let caller = || {
            let (ledger, node, counter) = (ledger.clone(), node.clone(), counter(beam));
            tokio::spawn(async move {
                while !ledger.end.load(Ordering::Relaxed) {
                    ledger.enter(node.call::<i64>(counter.clone(), atom!("add"), LIMIT)).await;
                }
            })
        };
        let callers = (0..at_a_time).map(|_| caller()).collect();
        (ledger, callers)
    }

    /// Makes a call and records its outcome. A call without an answer and without a cause is a failure of the test.
    pub(crate) async fn enter(&self, call: impl Future<Output = Result<i64, CallError>>) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        match call.await {
            Ok(_) => {
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(CallError::Timeout { .. }) => panic!("a call came to nothing, and nobody said why"),
            Err(error) => {
                *self.failed.lock().expect("no panic in there").entry(Chain(&error).to_string()).or_default() += 1;
                // Whoever cannot connect asks again, but not all the time.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Waits until so many more calls have been answered.
    pub(crate) fn wait_for(&self, more: usize) {
        let (due, started) = (self.answered() + more, Instant::now());
        while self.answered() < due {
            assert!(started.elapsed() < DEADLINE, "{} answers, {due} are due: {:?}", self.answered(), self.failed);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until nothing has been answered for a while.
    pub(crate) fn wait_for_rest(&self) {
        standing_still(|| self.answered());
    }

    /// Has no more calls be made.
    pub(crate) fn stop(&self) {
        self.end.store(true, Ordering::Relaxed);
    }

    /// Every call was answered or failed; returns how many failed. `counted` calls have been carried out.
    pub(crate) fn balance(&self, counted: usize) -> usize {
        let (sent, answered) = (self.sent.load(Ordering::Relaxed), self.answered());
        let failed: usize = self.failed.lock().expect("no panic in there").values().sum();
        println!("{sent} sent, {answered} answered, {counted} carried out, failed: {:?}", self.failed);
        assert_eq!(sent, answered + failed);
        assert!(answered <= counted, "{answered} were acknowledged, and {counted} carried out");
        assert!(counted <= sent, "{counted} were carried out, and {sent} asked for");
        failed
    }
}
