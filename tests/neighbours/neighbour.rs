//! A server of somebody else's that runs for a test, and the world that it shares with our nodes.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nodex_core::convert::{FromTerm, IntoTerm};
use nodex_core::node::{Builder, Functions, Node};
use nodex_core::protocol::Cookie;
use nodex_core::term::RawTerm;
use tokio::runtime::Runtime;

use crate::support::epmd::Epmd;
use crate::support::executable::target;
use crate::support::run::{Ended, MARK, kill_all, left_over, marked, new_mark, run};

pub(crate) const OURS: &str = "ours@127.0.0.1";

const COOKIE: &str = "neighbours";

/// Generous: a server starts within seconds, but the machine may be busy with others.
pub(crate) const DEADLINE: Duration = Duration::from_secs(180);

/// A private epmd, and a runtime for our nodes.
pub(crate) struct World {
    runtime: Runtime,
    epmd: Epmd,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        World { runtime: runtime.expect("a runtime"), epmd: Epmd::start() }
    }

    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let late = |_| panic!("it took longer than {DEADLINE:?}");
        self.runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(late) })
    }

    /// One of our nodes: it listens, is published, and serves under a name, or under any.
    pub(crate) fn node(&self, visible: bool, name: Option<&'static str>) -> Node {
        let functions = Functions::new().add("ping", |term: RawTerm| (nodex_core::atom!("pong"), term));
        let builder = match name {
            Some(name) => Builder::new().register(name, functions),
            None => Builder::new().service(functions),
        };
        let builder = builder.visible(visible).listen((Ipv4Addr::LOCALHOST, 0).into()).epmd_port(self.epmd.port());
        self.wait(builder.start(OURS, Cookie::new(COOKIE).expect("a cookie"))).expect("a node")
    }

    /// What a function of a neighbour gives.
    pub(crate) fn ask<R: FromTerm>(
        &self,
        node: &Node,
        neighbour: &str,
        module: &str,
        function: &str,
        arguments: &[&(dyn IntoTerm + Sync)],
    ) -> R {
        let answer = self.wait(node.rpc(neighbour, module, function, arguments, DEADLINE));
        answer.unwrap_or_else(|error| panic!("{neighbour}: {module}:{function}: {error}"))
    }
}

/// A folder with the cookie in it, which is the home of a server or a tool.
pub(crate) struct Home(pub(crate) PathBuf);

impl Home {
    pub(crate) fn new(name: &str) -> Self {
        let home = target().join("tmp").join(format!("neighbour-{}-{name}", std::process::id()));
        fs::create_dir_all(&home).expect("a folder");
        let cookie = home.join(".erlang.cookie");
        fs::write(&cookie, COOKIE).expect("a cookie");
        fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400)).expect("its mode");
        Home(home)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// How a program is started here: with this environment and no other.
    pub(crate) fn command(&self, world: &World, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", &self.0)
            .env("ERL_EPMD_PORT", world.epmd.port().to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_CRASH_DUMP", self.0.join("erl_crash.dump"))
            .current_dir(&self.0);
        command
    }

    /// Runs a tool to its end.
    pub(crate) fn run(&self, command: Command) -> Ended {
        run(command, DEADLINE)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that logs to its stdout.
pub(crate) struct Neighbour {
    pub(crate) name: &'static str,
    child: Child,
    mark: String,
    log: PathBuf,
    _home: Home,
}

impl Neighbour {
    /// Starts it, and waits until its log says so.
    pub(crate) fn start(name: &'static str, home: Home, mut command: Command, started: &str) -> Self {
        let (mark, log) = (new_mark(), home.0.join("stdout"));
        let output = File::create(&log).expect("a file");
        let child = command
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stderr(output.try_clone().expect("a second descriptor"))
            .stdout(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut neighbour = Neighbour { name, child, mark, log, _home: home };
        neighbour.wait_until(|log| log.contains(started), started);
        neighbour
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).expect("its log")).into_owned()
    }

    /// Waits for a line in its log that was not there at this length.
    pub(crate) fn wait_for(&mut self, since: usize, text: &str) {
        self.wait_until(|log| log.get(since..).is_some_and(|log| log.contains(text)), text);
    }

    fn wait_until(&mut self, is: impl Fn(&str) -> bool, what: &str) {
        let start = Instant::now();
        while !is(&self.log()) {
            let ended = self.child.try_wait().expect("the state of the process");
            assert!(ended.is_none() && start.elapsed() < DEADLINE, "no {what:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The lines since this length that are no mere information.
    pub(crate) fn complaints(&self, since: usize) -> Vec<String> {
        const LEVELS: [&str; 7] = ["[warning]", "[error]", "[critical]", "[alert]", "[emergency]", "=ERROR", "CRASH"];
        let log = self.log();
        let complains = |line: &&str| LEVELS.iter().any(|level| line.contains(level));
        log.get(since..).unwrap_or_default().lines().filter(complains).map(str::to_owned).collect()
    }

    /// Has it stop, as its own tools do.
    pub(crate) fn stop(mut self, world: &World, node: &Node) {
        let _: RawTerm = world.ask(node, self.name, "init", "stop", &[]);
        let start = Instant::now();
        while self.child.try_wait().expect("the state of the process").is_none() {
            assert!(start.elapsed() < DEADLINE, "{} does not stop\n{}", self.name, self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        let left = left_over(&self.mark);
        assert!(left.is_empty(), "{} has left processes behind: {left:?}", self.name);
    }
}

impl Drop for Neighbour {
    /// One that is not stopped does not outlive a test that fails.
    fn drop(&mut self) {
        kill_all(&marked(&self.mark));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
