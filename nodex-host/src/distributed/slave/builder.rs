//! [`SlaveBuilder`].

use std::{
    env,
    ffi::{OsStr, OsString},
    net::IpAddr,
    path::PathBuf,
    time::Duration,
};

use nodex_core::term::Atom;

use super::{
    super::Environment,
    command,
    order::Order,
    strays::{self, Strays},
};
use crate::cnode::{CnodeBuilder, Events, HostNode, ProcessOptions, Protocol, SpawnError};

/// The options of BEAMs that the host starts. The defaults are those of the Elixir package Nodex: nodes
/// `slave<i>@<host>` that have 30 s to start.
#[doc(alias = "peer")]
#[derive(Debug, Clone)]
pub struct SlaveBuilder {
    command: Vec<OsString>,
    args: Vec<OsString>,
    pub(in crate::distributed) prefix: String,
    hidden: bool,
    code_path: Vec<PathBuf>,
    more_code_paths: Vec<PathBuf>,
    environment: Environment,
    applications: Vec<Atom>,
    process: ProcessOptions,
}

impl Default for SlaveBuilder {
    fn default() -> Self {
        SlaveBuilder::new()
    }
}

impl SlaveBuilder {
    /// Creates options for the `erl` in `PATH`, without further code or configuration.
    pub fn new() -> SlaveBuilder {
        SlaveBuilder {
            command: vec!["erl".into()],
            args: Vec::new(),
            prefix: "slave".to_owned(),
            hidden: false,
            code_path: Vec::new(),
            more_code_paths: Vec::new(),
            environment: Environment::new(),
            applications: Vec::new(),
            process: ProcessOptions::new(Duration::from_secs(30)),
        }
    }

    /// Sets the `erl` to start: a path, or a name that is looked up in `PATH`.
    #[must_use]
    pub fn erl(self, program: impl Into<OsString>) -> Self {
        self.command([program])
    }

    /// Sets the command that runs `erl`, for example in another file system: `["chroot", "/srv/otp27", "erl"]`. The
    /// arguments of `erl` follow it. It must not fork: the process that is started must become the BEAM.
    #[must_use]
    pub fn command(mut self, command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.command = command.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an argument for `erl`, other than `-name`, `-sname` and `-setcookie`, which it reads from its stdin.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.args.push(argument.into());
        self
    }

    /// Sets the prefix of the names, in front of the number. Default: `slave`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets whether the slaves are hidden nodes. Default: visible.
    #[must_use]
    pub fn hidden(mut self, on: bool) -> Self {
        self.hidden = on;
        self
    }

    /// Adds a folder with compiled modules to the front of the code path, like `-pa` of `erl`. It must exist. Several
    /// folders keep their order.
    #[must_use]
    pub fn code_path(mut self, folder: impl Into<PathBuf>) -> Self {
        self.code_path.push(folder.into());
        self
    }

    /// Adds the code paths of another node, as [`Distributed::code_paths`](crate::Distributed::code_paths) returns
    /// them, to the end. Folders that do not exist are left out.
    #[must_use]
    pub fn code_paths(mut self, folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.more_code_paths.extend(folders.into_iter().map(Into::into));
        self
    }

    /// Adds parameters of applications, which are set before any application but `kernel` and `stdlib` starts.
    #[must_use]
    pub fn environment(mut self, environment: &Environment) -> Self {
        self.environment.merge(environment);
        self
    }

    /// Adds an application to start, with its dependencies, before the slave counts as started.
    #[must_use]
    pub fn application(mut self, name: Atom) -> Self {
        self.applications.push(name);
        self
    }

    /// Sets a variable of the environment, which inherits all others. A slave writes no crash dump unless
    /// `ERL_CRASH_DUMP_SECONDS` or, in the environment of this program, `ERL_CRASH_DUMP` is set.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.process.set(name, value);
        self
    }

    /// Removes a variable from the environment.
    #[must_use]
    pub fn env_remove(mut self, name: impl Into<OsString>) -> Self {
        self.process.remove(name);
        self
    }

    /// Sets how long each slave may take to start. Default: 30 s.
    #[must_use]
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.process.start_timeout = timeout;
        self
    }

    /// Sets how long each slave may take to stop its applications before it is killed. Default: 5 s.
    #[must_use]
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.process.stop.grace = grace;
        self
    }

    /// Sets where the events of the slaves are sent, including what they print before they have started.
    #[must_use]
    pub fn events(mut self, events: &Events) -> Self {
        self.process.events = Some(events.clone());
        self
    }

    /// Returns the process: `<command> <arguments of erl>`, which prints a ready line.
    pub(in crate::distributed) fn cnode(
        &self,
        ip: IpAddr,
        hostname: &str,
        name: String,
        strays: &Strays,
    ) -> Result<CnodeBuilder, SpawnError> {
        let mut words = self.command.iter();
        let program = command::find(words.next().map_or(OsStr::new(""), OsString::as_os_str))?;
        let args = words.cloned().chain(command::arguments(ip, self.hidden, &self.args)).collect();
        let ready_line = format!("{name}@{hostname} ready");
        let mut process = ProcessOptions { env: Vec::new(), ..self.process.clone() };
        // A node that `heart` starts again would have no owner.
        process.remove("HEART_COMMAND");
        if env::var_os("ERL_CRASH_DUMP").is_none() && env::var_os("ERL_CRASH_DUMP_SECONDS").is_none() {
            process.set("ERL_CRASH_DUMP_SECONDS", "0");
        }
        process.env.extend_from_slice(&self.process.env);
        process.set("HOME", env::temp_dir().join(format!("nodex-{}", strays.value().display())));
        process.set(strays::VARIABLE, strays.value());
        let mut options = CnodeBuilder::new(program)
            .protocol(Protocol::Plain { args })
            .sname(name)
            .ready_line(ready_line)
            .spawn_inactive_timeout(process.start_timeout);
        options.process = process;
        Ok(options)
    }

    /// Returns the input for its stdin.
    pub(in crate::distributed) fn order(
        &self,
        host: &HostNode,
        node: &str,
        strays: &Strays,
    ) -> Result<Vec<u8>, SpawnError> {
        let given = self.process.env.iter().rfind(|(name, _)| name == "HOME").map(|(_, value)| value.clone());
        let order = Order {
            host,
            home: given.unwrap_or_else(|| env::var_os("HOME")),
            grace: self.process.stop.grace,
            code_path: &self.code_path,
            more_code_paths: &self.more_code_paths,
            environment: &self.environment,
            applications: &self.applications,
            mark: strays.entry(),
        };
        order.packet(node).map_err(|error| SpawnError::Order { node: node.to_owned(), source: Box::new(error) })
    }
}
