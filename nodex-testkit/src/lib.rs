//! What the tests of this workspace share, so that it stands once. Not published, and no part of any program.
//!
//! | module | contents |
//! |---|---|
//! | [`processes`] | Finds and ends the processes that are left of a run, a process group or a slave. |
//! | [`run`] | Runs of programs: a folder and a mark of their own, a deadline, their output, and the proof that nothing is left. |
//! | [`executable`] | Where the programs under test are. |
//! | [`otp`] | The releases of Erlang/OTP, and a test for each of them. |
//! | [`epmd`] | OTP's epmd on a port of its own. |
//! | [`erl`] | A BEAM that evaluates expressions of a test. |
//! | [`script`] | ExUnit scripts. |
//! | [`world`] | An epmd, a runtime and nodes of ours, apart from all other nodes. |
//! | [`peer`] | A peer written by hand, which can break every rule. |
//! | [`heavy`] | Tests that are not to run beside each other. |
//!
//! [`peer`] shares no code with the library, on purpose: what it sends and expects is put together from the chapters of
//! the OTP documentation, byte by byte, so a mistake of the library's codec is not on both sides. Everything else but
//! [`world`] and [`encoded`] needs no library either.

pub mod epmd;
pub mod erl;
pub mod executable;
pub mod heavy;
pub mod otp;
pub mod peer;
pub mod processes;
pub mod run;
pub mod script;
pub mod world;

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use nodex_proto::{convert::IntoTerm, etf::Encoder};

/// Returns the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace around this crate")
}

/// Returns a term as it stands inside of a message: without the version in front.
///
/// # Panics
/// Panics when it cannot be encoded.
pub fn encoded(term: impl IntoTerm) -> Vec<u8> {
    let mut out = Encoder::new();
    term.encode(&mut out).expect("a term that can be encoded");
    out.to_vec()
}

/// Returns a port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the address of a bound socket").port()
}

/// Asks again and again, with hardly a pause, until there is an answer; none after `patience`. For what cannot be waited
/// for: the state of other processes and servers.
pub fn poll<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        let late = Instant::now() > deadline;
        let answer = ask();
        if answer.is_some() || late {
            return answer;
        }
        sleep(POLL_INTERVAL);
    }
}

/// Waits until a count that has begun does not grow any more, as far as ten looks can tell, and returns it.
pub fn standing_still(count: impl Fn() -> usize) -> usize {
    let (mut before, mut same) = (count(), 0);
    while before == 0 || same < 10 {
        sleep(Duration::from_millis(50));
        let now = count();
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
    before
}

/// Between two questions about what cannot be waited for.
pub const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The limit for events that come at once on an idle machine. A test that hangs fails after it; no test fails because
/// it is slow.
pub const PATIENCE: Duration = Duration::from_secs(120);
