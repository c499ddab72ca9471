//! A node executable, the epmd that it asks and the host that it connects to, and what an attack must come to.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    epmd, handshake,
    link::{Link, PATIENCE},
    victim::{Ended, MODEST_KIB, Victim},
};
use nodex_testkit::executable::Executable;

pub(crate) const COOKIE: &str = "a_cookie";
pub(crate) const HOST: &str = "host@127.0.0.1";

/// A node that is connecting to us.
pub(crate) struct Stage {
    pub(crate) victim: Victim,
    listener: TcpListener,
}

impl Stage {
    /// Starts a node and has it find its host here.
    pub(crate) fn set(executable: &Executable) -> Self {
        Self::set_with(executable, &[])
    }

    /// The same, with more in the node's environment.
    pub(crate) fn set_with(executable: &Executable, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("the address of a bound socket").port();
        Stage { victim: Victim::start_with(executable, COOKIE, epmd::honest(port), environment), listener }
    }

    /// The same, with the handshake done.
    pub(crate) fn connected(executable: &Executable) -> (Self, Link) {
        let stage = Self::set(executable);
        let mut socket = stage.accept();
        handshake::accept(&mut socket, HOST, COOKIE).expect("the handshake");
        let mut link = Link::new(socket, HOST);
        link.answers().expect("the first ping");
        (stage, link)
    }

    /// The connection that the node makes.
    pub(crate) fn accept(&self) -> TcpStream {
        self.listener.set_nonblocking(true).expect("a socket that does not block");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(false).expect("a socket that blocks");
                    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
                    return socket;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("the node does not connect: {error}; stderr: {}", self.victim.stderr()),
            }
        }
    }
}

/// What an attack on an established connection must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Must {
    /// The connection continues: the next ping on it is answered.
    Stay,
    /// The same, and the log says in these words why a message was dropped.
    Drop(&'static str),
    /// The node closes the connection and ends in order, and its log names the cause in these words.
    Close(&'static str),
}

/// What is done to the node; an error is a problem found on the way.
type Act = Box<dyn Fn(&mut Link, &Victim) -> Result<(), String> + Send + Sync>;

/// One row of a table of attacks on an established connection.
pub(crate) struct Attack {
    pub(crate) name: String,
    pub(crate) act: Act,
    pub(crate) must: Must,
}

impl Attack {
    /// Sends these bytes.
    pub(crate) fn bytes(name: impl Into<String>, bytes: Vec<u8>, must: Must) -> Self {
        Self::act(name, must, move |link, _| {
            link.send(&bytes);
            Ok(())
        })
    }

    pub(crate) fn act(
        name: impl Into<String>,
        must: Must,
        act: impl Fn(&mut Link, &Victim) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Attack { name: name.into(), act: Box::new(act), must }
    }
}

/// Carries out attacks, each on a node that is well; a node that has stood one takes the next as well.
pub(crate) fn attack(executable: &Executable, attacks: &[Attack]) {
    let stages = Mutex::new(Vec::new());
    in_parallel(attacks, |attack| {
        let spare = stages.lock().expect("no panic in there").pop();
        let (stage, mut link) = spare.unwrap_or_else(|| Stage::connected(executable));
        (attack.act)(&mut link, &stage.victim)?;
        match attack.must {
            Must::Stay | Must::Drop(_) => {
                link.answers().map_err(|error| format!("the next ping: {error}; log: {}", stage.victim.stderr()))?;
                modest(&stage.victim)?;
                if let Must::Drop(words) = attack.must {
                    stage.victim.logs(&[HOST, words])?;
                }
                quiet(&stage.victim.stderr())?;
                stages.lock().expect("no panic in there").push((stage, link));
                Ok(())
            }
            Must::Close(words) => {
                link.wait_closed().map_err(|error| format!("the node does not close: {error}"))?;
                ended_well(&stage.victim.wait()?, words)
            }
        }
    });
    println!("{} attacks on {}", attacks.len(), executable.path().display());
}

/// Runs `check` for every row, some at a time, and reports all that failed by their names.
pub(crate) fn in_parallel<T: Named + Sync>(rows: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    const AT_A_TIME: usize = 4;
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = catch_unwind(AssertUnwindSafe(|| check(row)));
                    let problem = match result {
                        Ok(Ok(())) => continue,
                        Ok(Err(problem)) => problem,
                        Err(panic) => match panic.downcast::<String>() {
                            Ok(text) => *text,
                            Err(_) => "panicked".to_owned(),
                        },
                    };
                    failed.lock().expect("no panic in there").push(format!("{}: {problem}", row.name()));
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic in there");
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

/// A row that can be told from the others.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

impl Named for Attack {
    fn name(&self) -> &str {
        &self.name
    }
}

/// The process ended in order, and its log says why.
pub(crate) fn ended_well(ended: &Ended, words: &str) -> Result<(), String> {
    quiet(&ended.stderr)?;
    // The host of the node learns that its peer broke the protocol.
    let in_order = ["the peer closed the connection", "the connection failed"].contains(&words);
    let expected = if in_order { 0 } else { 3 };
    if ended.code != Some(expected) {
        return Err(format!("exit status {:?} in place of {expected}: {}", ended.code, ended.stderr));
    }
    if !in_order && !ended.stderr.lines().any(|line| line.starts_with("error: ") && line.contains(words)) {
        return Err(format!("nothing about {words:?} in the last line: {}", ended.stderr));
    }
    if !ended.stderr.contains(words) {
        return Err(format!("nothing about {words:?} in the log: {}", ended.stderr));
    }
    Ok(())
}

/// Nothing in the output looks like a panic.
pub(crate) fn quiet(stderr: &str) -> Result<(), String> {
    match stderr.contains("panicked") || stderr.contains("overflow") {
        true => Err(format!("it panicked: {stderr}")),
        false => Ok(()),
    }
}

/// Its memory has never been large.
pub(crate) fn modest(victim: &Victim) -> Result<(), String> {
    match victim.peak_kib() {
        Some(peak) if peak > MODEST_KIB => Err(format!("it took {peak} KiB of memory")),
        _ => Ok(()),
    }
}
