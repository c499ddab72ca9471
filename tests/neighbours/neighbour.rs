//! A server of another project that runs for a test, and our node with it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nodex_core::node::{Functions, Node, NodeBuilder};
use nodex_core::term::RawTerm;
use nodex_testkit::executable::target;
use nodex_testkit::poll;
use nodex_testkit::processes::{MARK, Pack, new_mark};
use nodex_testkit::run::{Ended, run};
use nodex_testkit::world::{COOKIE, DEADLINE, OURS, World};

/// One of our nodes: it listens, is published, and serves under a name, or under any.
pub(crate) fn our_node(world: &World, visible: bool, name: Option<&'static str>) -> Node {
    let functions = Functions::new().add("ping", |term: RawTerm| (nodex_core::atom!("pong"), term));
    let builder = match name {
        Some(name) => NodeBuilder::new().register(name, functions),
        None => NodeBuilder::new().service(functions),
    };
    // OTP's epmd hears later than others that the last one of the name is gone.
    world.wait_unregistered("ours");
    world.node(OURS, builder.visible(visible))
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
            .env("ERL_EPMD_PORT", world.epmd_port().to_string())
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
        let said = poll(DEADLINE, || {
            let ended = self.child.try_wait().expect("the state of the process");
            // What it said before its end counts.
            let said = is(&self.log());
            (said || ended.is_some()).then_some(said)
        });
        assert!(said == Some(true), "no {what:?}\n{}", self.log());
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
        let stopped = poll(DEADLINE, || self.child.try_wait().expect("the state of the process"));
        assert!(stopped.is_some(), "{} does not stop\n{}", self.name, self.log());
        Pack::marked(&self.mark).is_gone();
    }
}

impl Drop for Neighbour {
    /// One that is not stopped does not outlive a test that fails.
    fn drop(&mut self) {
        Pack::marked(&self.mark).kill();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
