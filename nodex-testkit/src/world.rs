//! A world of its own for a test: a private epmd and a runtime for Rust nodes.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use nodex_core::convert::{FromTerm, IntoTerm};
use nodex_core::epmd;
use nodex_core::node::{Node, NodeBuilder};
use nodex_core::protocol::Cookie;
use nodex_core::term::Atom;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::epmd::Epmd;
use crate::erl::Beam;
use crate::executable::Executable;
use crate::otp::{Folder, Otp};
use crate::run::{Ended, Run, Running, run};
use crate::script::{assert_passed, path_of};

/// What all nodes of a world share unless a test says otherwise.
pub const COOKIE: &str = "a_cookie_of_the_tests";

/// The BEAM of tests that need one.
pub const BEAM: &str = "beam@127.0.0.1";

/// The Rust node of tests that need one.
pub const OURS: &str = "ours@127.0.0.1";

/// Generous: what is waited for takes milliseconds, or seconds if it is the start of a server, but the machine may be busy
/// with others.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// The same for a call.
pub const LIMIT: Duration = DEADLINE;

/// What scripts wait with, seen from their folder.
const EVENTUALLY: &str = "../../elixir/nodex_rs/test/support/eventually.ex";

/// Returns the name of a BEAM as an atom.
pub fn beam_name(beam: &Beam) -> Atom {
    Atom::new(beam.name()).expect("a node name is an atom")
}

/// Its end is the end of everything in it, but for the processes that a test keeps elsewhere.
#[derive(Debug)]
pub struct World {
    runtime: Runtime,
    epmd: Epmd,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Starts with an epmd that no other program uses.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self { runtime: runtime.expect("a runtime"), epmd: Epmd::start() }
    }

    /// Returns the port of its epmd.
    pub fn epmd_port(&self) -> u16 {
        self.epmd.port()
    }

    /// Waits for something that happens in time.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let late = |_| panic!("it took longer than {DEADLINE:?}");
        self.runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(late) })
    }

    /// Has something happen meanwhile.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(future)
    }

    /// Returns a node that listens and is published.
    pub fn node(&self, name: &str, builder: NodeBuilder) -> Node {
        self.start(name, builder.listen((Ipv4Addr::LOCALHOST, 0).into()))
    }

    /// Returns a node that does not listen unless the builder was told to.
    pub fn start(&self, name: &str, builder: NodeBuilder) -> Node {
        let cookie = Cookie::new(COOKIE).expect("a cookie");
        self.wait(builder.epmd_port(self.epmd_port()).start(name, cookie)).expect("a node")
    }

    /// Returns a node that listens and is published, all of it on one thread of its own, until the result is dropped.
    pub fn single_threaded_node(&self, name: &str, builder: NodeBuilder) -> oneshot::Sender<()> {
        let (end, ended) = oneshot::channel();
        let cookie = Cookie::new(COOKIE).expect("a cookie");
        let builder = builder.epmd_port(self.epmd_port()).listen((Ipv4Addr::LOCALHOST, 0).into());
        let (name, alive) = (name.to_owned(), name.split('@').next().unwrap_or_default().to_owned());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let _node = builder.start(&name, cookie).await.expect("a node");
                // An error is the end of the sender, which is all that it is for.
                let _ = ended.await;
            });
        });
        self.wait_registered(&alive);
        end
    }

    /// Returns an executable as a host starts it: connected to the BEAM of this name (the part before the `@`).
    pub fn drop_in(&self, executable: &Executable, name: &str, host: &str) -> Running {
        Run::new(self.drop_in_command(executable, name, host)).any_bytes().start()
    }

    /// Returns how it is started.
    pub fn drop_in_command(&self, executable: &Executable, name: &str, host: &str) -> Command {
        Self::command_for(executable, self.epmd_port(), name, host)
    }

    /// Returns the same in the world with this epmd.
    pub fn command_for(executable: &Executable, epmd_port: u16, name: &str, host: &str) -> Command {
        let mut command = Command::new(executable.path());
        command
            .args([name, "127.0.0.1", COOKIE, host])
            .env("ERL_EPMD_PORT", epmd_port.to_string())
            .env_remove("ERL_DIST_PORT")
            .stdin(Stdio::null());
        command
    }

    /// Returns the result of a function of another node.
    ///
    /// # Panics
    /// Panics when there is no result, or one of another type.
    #[track_caller]
    pub fn ask<R: FromTerm>(
        &self,
        node: &Node,
        other: &str,
        module: &str,
        function: &str,
        arguments: &[&(dyn IntoTerm + Sync)],
    ) -> R {
        let answer = self.wait(node.rpc(other, module, function, arguments, DEADLINE));
        answer.unwrap_or_else(|error| panic!("{other}: {module}:{function}: {error}"))
    }

    /// A BEAM in this world.
    pub fn beam(&self, otp: &Otp, name: &str, arguments: &[&str]) -> Beam {
        Beam::start(otp, name, COOKIE, self.epmd_port(), arguments)
    }

    /// Runs something that starts tasks.
    pub fn within<T>(&self, start: impl FnOnce() -> T) -> T {
        let _in_runtime = self.runtime.enter();
        start()
    }

    /// Ends epmd; [`Self::start_epmd`] has another one on the same port.
    pub fn stop_epmd(&mut self) {
        self.epmd.stop();
    }

    /// Starts an epmd with the address from before [`Self::stop_epmd`].
    pub fn start_epmd(&mut self) {
        self.epmd.restart();
    }

    fn epmd_client(&self) -> epmd::Client {
        epmd::Client::new(SocketAddr::from((Ipv4Addr::LOCALHOST, self.epmd_port())))
    }

    /// Returns the port of a node that is published under this name (the part before the `@`).
    pub fn port_of(&self, name: &str) -> u16 {
        self.wait(self.epmd_client().lookup(name)).expect("it is published").port
    }

    /// Waits until a node of this name is published.
    pub fn wait_registered(&self, name: &str) {
        self.wait_published(name, true);
    }

    /// Waits until none is.
    pub fn wait_unregistered(&self, name: &str) {
        self.wait_published(name, false);
    }

    fn wait_published(&self, name: &str, published: bool) {
        let epmd = self.epmd_client();
        self.wait(async {
            while epmd.lookup(name).await.is_ok() != published {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }

    /// Starts an ExUnit script of `tests/elixir` with these arguments, on the node `host@127.0.0.1`.
    pub fn begin_script(&self, otp: &Otp, script: &'static str, arguments: &[&str]) -> Script {
        self.begin_script_with(otp, script, &[EVENTUALLY], arguments, DEADLINE)
    }

    /// Returns the same with other files that it needs, and another deadline.
    pub fn begin_script_with(
        &self,
        otp: &Otp,
        script: &'static str,
        needs: &[&str],
        arguments: &[&str],
        deadline: Duration,
    ) -> Script {
        let folder = otp.folder(&format!("script-{}", self.epmd_port()));
        for file in needs {
            folder.copy(&path_of(file));
        }
        let mut elixir = otp.command("elixir");
        elixir
            .args(["--name", "host@127.0.0.1", "--cookie", COOKIE])
            .args(["--erl", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none"])
            .arg(folder.copy(&path_of(script)))
            .args(arguments)
            .env("ERL_EPMD_PORT", self.epmd_port().to_string())
            .env("HOME", &folder.inside);
        let running = std::thread::spawn(move || run(elixir, deadline));
        Script { script, running: Some(running), _folder: folder }
    }
}

/// A script that runs. A test that fails before waits for its end as well, which has a deadline.
#[derive(Debug)]
pub struct Script {
    script: &'static str,
    running: Option<JoinHandle<Ended>>,
    _folder: Folder,
}

impl Script {
    /// Waits for its end.
    ///
    /// # Panics
    /// Unless all of its tests have passed.
    pub fn passes(mut self) {
        match self.running.take().map(JoinHandle::join) {
            Some(Ok(ended)) => assert_passed(self.script, &ended),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => unreachable!("it is waited for once"),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // Its result is of no interest to a test that has failed.
        let _ = self.running.take().map(JoinHandle::join);
    }
}
