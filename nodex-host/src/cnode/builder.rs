//! [`CnodeBuilder`].

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use nodex_core::{atom, node::ProcessName};

use super::{Events, Protocol, ours, process_options::ProcessOptions};
use crate::process::StopOptions;

/// The default time that a node has to finish running calls.
const DRAIN: Duration = Duration::from_secs(4);

/// The longest time that a node can be told.
const LONGEST_DRAIN: Duration = Duration::from_secs(24 * 3600);

/// The options of a node executable. The defaults are those of the Elixir package Nodex.
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
    pub(super) registered_name: ProcessName,
    pub(super) protocol: Protocol,
    pub(super) cookie_in_env: Option<bool>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) drain: Option<Duration>,
    pub(crate) process: ProcessOptions,
}

impl CnodeBuilder {
    /// Creates the options of this executable. The path is not looked up in `PATH`.
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
            registered_name: atom!("nil").into(),
            protocol: Protocol::Nodex,
            cookie_in_env: None,
            cwd: None,
            drain: None,
            process: ProcessOptions::new(Duration::from_secs(60)),
        }
    }

    /// Adds an argument before those of the protocol, for interpreters and for executables that are nodes only with it.
    #[must_use]
    pub fn leading_arg(mut self, argument: impl Into<OsString>) -> Self {
        self.leading_args.push(argument.into());
        self
    }

    /// Sets the part of the node name before the `@`. Default: 8 random hexadecimal digits, new for each start.
    #[must_use]
    pub fn sname(mut self, sname: impl Into<String>) -> Self {
        self.sname = Some(sname.into());
        self
    }

    /// Sets whether [`spawn`](Self::spawn) looks for a running node of this name first. Default: yes, if it has an
    /// [`sname`](Self::sname).
    #[must_use]
    pub fn adopt(mut self, on: bool) -> Self {
        self.adopt = on;
        self
    }

    /// Sets the part of the node name after the `@`. Default: that of the host node.
    #[must_use]
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.hostname = Some(hostname.into());
        self
    }

    /// Sets the line that the node prints when it is ready. Default: `<node> ready`, or that of the protocol.
    #[must_use]
    pub fn ready_line(mut self, line: impl Into<String>) -> Self {
        self.ready_line = Some(line.into());
        self
    }

    /// Sets how long the node may print nothing before it is ready; each line restarts this time. Default: 5 s.
    #[must_use]
    pub fn spawn_inactive_timeout(mut self, timeout: Duration) -> Self {
        self.spawn_inactive_timeout = timeout;
        self
    }

    /// Sets how long the whole start may take. Default: 60 s.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.process.start_timeout = timeout;
        self
    }

    /// Sets how long the connection may take after the ready line. Default: 5 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the registered name to which calls and messages are sent. Default: `nil`, since a node with one service
    /// answers any name.
    #[must_use]
    pub fn registered_name(mut self, name: impl Into<ProcessName>) -> Self {
        self.registered_name = name.into();
        self
    }

    /// Sets how long the process group may take to end between SIGTERM and SIGKILL. Default: 5 s.
    #[must_use]
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.process.stop.grace = grace;
        self
    }

    /// Sets how long the node may finish running calls when it is asked to stop. Default: 4 s, or less if the grace
    /// period is shorter.
    ///
    /// The time is passed in the environment variable `NODEX_DRAIN`, which nodes made with nodex read. The grace period
    /// is at least a second longer. If [`stop_grace`](Self::stop_grace) or [`stop`](Self::stop) shorten it afterwards,
    /// the node gets four fifths of it.
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = Some(time);
        self.process.stop.grace = self.process.stop.grace.max(time.saturating_add(Duration::from_secs(1)));
        self
    }

    /// Returns the drain time that is passed to the node: always less than the grace period.
    pub(super) fn time_to_drain(&self) -> Duration {
        let grace = self.process.stop.grace;
        // A second less than the kill, or a fifth of a short time.
        let most = grace.mul_f64(0.8).max(grace.saturating_sub(Duration::from_secs(1)));
        self.drain.unwrap_or(DRAIN).min(most).min(LONGEST_DRAIN)
    }

    /// Sets how the node is stopped. Default: SIGTERM to its process group, and a grace period of 5 s.
    #[must_use]
    pub fn stop(mut self, options: impl Into<StopOptions>) -> Self {
        self.process.stop = options.into();
        self
    }

    /// Sets the start protocol: how the node receives its name and reports that it is ready. Default:
    /// [`Protocol::Nodex`].
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets whether the cookie is passed in the environment variable `NODEX_COOKIE`, with `-` as the argument. Every
    /// user of the machine can read arguments. Nodes on `ei` do not support it.
    ///
    /// Default: yes if the executable is known to be built with nodex
    /// ([`reads_cookie_from_environment`](nodex_core::node::reads_cookie_from_environment)), which a script that starts
    /// one is not.
    #[must_use]
    pub fn cookie_in_env(mut self, on: bool) -> Self {
        self.cookie_in_env = Some(on);
        self
    }

    /// Returns whether the cookie would be in the argument list, which every user of the machine can read.
    pub async fn shows_cookie(&self) -> bool {
        self.protocol == Protocol::Nodex && !self.is_ours().await
    }

    /// Returns whether the executable is known to be built with nodex.
    pub(super) async fn is_ours(&self) -> bool {
        match self.cookie_in_env {
            Some(on) => on,
            None => ours::is_ours(&self.exec_path).await,
        }
    }

    /// Sets a variable of the environment of the node, which inherits all others.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.process.set(name, value);
        self
    }

    /// Sets whether the node supports fragments, in which long messages are sent so that others can pass between them.
    /// Default: on, unless its environment turns them off. The setting is passed in the environment variable
    /// `NODEX_FRAGMENTS`, which nodes made with nodex read.
    #[must_use]
    pub fn fragments(self, fragments: bool) -> Self {
        self.env("NODEX_FRAGMENTS", if fragments { "on" } else { "off" })
    }

    /// Removes a variable from the environment of the node.
    #[must_use]
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.process.remove(name);
        self
    }

    /// Sets the working directory. Default: that of this program.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cwd = Some(directory.into());
        self
    }

    /// Sets where events are sent, to watch several nodes, or to receive what a node prints before it is ready.
    #[must_use]
    pub fn events(mut self, events: &Events) -> Self {
        self.process.events = Some(events.clone());
        self
    }
}
