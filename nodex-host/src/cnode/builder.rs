//! The options of a node that is an executable.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use nodex_core::{atom, term::Atom};

use super::{Events, Protocol, ours, process_options::ProcessOptions};
use crate::process::StopOptions;

/// What a node has to finish what runs, unless somebody says otherwise.
const DRAIN: Duration = Duration::from_secs(4);

/// The longest that a node can be told.
const LONGEST_DRAIN: Duration = Duration::from_secs(24 * 3600);

/// Options of a node that is an executable; the defaults are those of the Elixir package that Rust nodes are a
/// replacement for.
#[derive(Debug, Clone)]
pub struct CnodeBuilder {
    pub(crate) exec_path: PathBuf,
    pub(super) leading_args: Vec<OsString>,
    pub(crate) sname: Option<String>,
    pub(super) adopt: bool,
    pub(super) hostname: Option<String>,
    pub(super) ready_line: Option<String>,
    pub(super) spawn_inactive_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) registered_name: Atom,
    pub(super) protocol: Protocol,
    pub(super) cookie_in_env: Option<bool>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) drain: Option<Duration>,
    pub(crate) process: ProcessOptions,
}

impl CnodeBuilder {
    /// A node that is this executable. The path is not looked up in `PATH`.
    pub fn new(exec_path: impl AsRef<Path>) -> CnodeBuilder {
        CnodeBuilder {
            exec_path: exec_path.as_ref().to_owned(),
            leading_args: Vec::new(),
            sname: None,
            adopt: true,
            hostname: None,
            ready_line: None,
            spawn_inactive_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            // Nodes with one service answer any name.
            registered_name: atom!("nil"),
            protocol: Protocol::Nodex,
            cookie_in_env: None,
            cwd: None,
            drain: None,
            process: ProcessOptions::new(Duration::from_secs(60)),
        }
    }

    /// An argument before those of the protocol, for executables that are a node only when they are told so, and for
    /// interpreters.
    #[must_use]
    pub fn leading_arg(mut self, argument: impl Into<OsString>) -> Self {
        self.leading_args.push(argument.into());
        self
    }

    /// The part of its node name before the `@`. Default: 8 random hexadecimal digits, new for every start.
    #[must_use]
    pub fn sname(mut self, sname: impl Into<String>) -> Self {
        self.sname = Some(sname.into());
        self
    }

    /// Whether [`spawn`](Self::spawn) looks for a running node of this name first. Default: yes, if it has an
    /// [`sname`](Self::sname).
    #[must_use]
    pub fn adopt(mut self, on: bool) -> Self {
        self.adopt = on;
        self
    }

    /// The part of its node name after the `@`. Default: that of the host node.
    #[must_use]
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.hostname = Some(hostname.into());
        self
    }

    /// The line by which it says that it is ready. Default: `<node> ready`, or what the protocol says.
    #[must_use]
    pub fn ready_line(mut self, line: impl Into<String>) -> Self {
        self.ready_line = Some(line.into());
        self
    }

    /// How long it may print nothing before it is ready; every line that it prints restarts this clock. Default: 5 s.
    #[must_use]
    pub fn spawn_inactive_timeout(mut self, timeout: Duration) -> Self {
        self.spawn_inactive_timeout = timeout;
        self
    }

    /// How long the start may take in all, whatever it prints. Default: 60 s.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.process.start_timeout = timeout;
        self
    }

    /// How long its connection may take once it said that it is ready. Default: 5 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The registered name that calls and messages go to. Default: `nil`, as nodes with one service answer any name.
    #[must_use]
    pub fn registered_name(mut self, name: Atom) -> Self {
        self.registered_name = name;
        self
    }

    /// How long its process group may take to end after SIGTERM before SIGKILL. Default: 5 s.
    #[must_use]
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.process.stop.grace = grace;
        self
    }

    /// How long it may finish what still runs when it is asked to end. Default: 4 s, or less if it is killed sooner.
    ///
    /// It is told in the environment variable `NODEX_DRAIN`, which nodes made with nodex heed. The kill comes a second later
    /// at the earliest; if [`stop_grace`](Self::stop_grace) or [`stop`](Self::stop) shorten that time afterwards, the node
    /// gets four fifths of it.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = Some(time);
        self.process.stop.grace = self.process.stop.grace.max(time.saturating_add(Duration::from_secs(1)));
        self
    }

    /// What the node is told about the time that it has: always less than it takes to the kill.
    pub(super) fn time_to_drain(&self) -> Duration {
        let grace = self.process.stop.grace;
        // A second less than the kill, or a fifth of a short time.
        let most = grace.mul_f64(0.8).max(grace.saturating_sub(Duration::from_secs(1)));
        self.drain.unwrap_or(DRAIN).min(most).min(LONGEST_DRAIN)
    }

    /// How it is asked to end. Default: by SIGTERM to its process group, with 5 s to obey.
    #[must_use]
    pub fn stop(mut self, options: impl Into<StopOptions>) -> Self {
        self.process.stop = options.into();
        self
    }

    /// How it is told its name and how it says that it is ready. Default: [`Protocol::Nodex`].
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Whether it gets the cookie in the environment variable `NODEX_COOKIE`, with `-` in its place in the argument list,
    /// which every user of the machine can read. Only nodes that know of it can be started so; nodes on `ei` do not.
    ///
    /// Default: yes if the executable is known to be built with nodex
    /// ([`reads_cookie_from_environment`](nodex_core::node::reads_cookie_from_environment)). A script that starts such a node
    /// is not known to.
    #[must_use]
    pub fn cookie_in_env(mut self, on: bool) -> Self {
        self.cookie_in_env = Some(on);
        self
    }

    /// Whether its cookie would stand in its argument list, which every user of the machine can read.
    pub async fn shows_cookie(&self) -> bool {
        self.protocol == Protocol::Nodex && !self.is_ours().await
    }

    /// Whether it is a node that was built with nodex, as far as that is known.
    pub(super) async fn is_ours(&self) -> bool {
        match self.cookie_in_env {
            Some(on) => on,
            None => ours::is_ours(&self.exec_path).await,
        }
    }

    /// Sets a variable of its environment; it inherits all others.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.process.set(name, value);
        self
    }

    /// Whether it does with long messages in fragments, between which others pass; it does unless its environment or this says
    /// otherwise. It is told in the environment variable `NODEX_FRAGMENTS`, which nodes made with nodex heed.
    #[must_use]
    pub fn fragments(self, fragments: bool) -> Self {
        self.env("NODEX_FRAGMENTS", if fragments { "on" } else { "off" })
    }

    /// Removes a variable from its environment.
    #[must_use]
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.process.remove(name);
        self
    }

    /// Its working directory. Default: that of this program.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cwd = Some(directory.into());
        self
    }

    /// Where its events go, for those who watch several nodes, or want what is printed before the node is ready.
    #[must_use]
    pub fn events(mut self, events: &Events) -> Self {
        self.process.events = Some(events.clone());
        self
    }
}
