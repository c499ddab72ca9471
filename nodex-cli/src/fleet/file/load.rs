//! From the file to the options of the host and its supervisor.

use std::{
    collections::HashMap,
    env,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use nodex_core::error::Chain;
use nodex_host::{
    Cnode, Distributed, Events, Protocol, Restart, Supervisor,
    distributed::DistributedBuilder,
    supervisor::{ChildSpec, Health, Strategy, SupervisorBuilder},
};

use super::{
    fault::Fault,
    schema::{self, Node, ProtocolName},
};
use crate::failure::{Code, Failure};

/// Bigger files are no fleet files.
const LONGEST_FILE: u64 = 1024 * 1024;

/// The default name of the host node.
const HOST: &str = "fleet";

/// A fleet file that makes sense.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    pub(super) text: String,
    pub(super) file: schema::File,
}

/// Reads a fleet file.
pub(crate) fn load(path: &Path) -> Result<Fleet, Failure> {
    let text = read(path)?;
    let absolute = std::path::absolute(path)?;
    let file: schema::File = toml::from_str(&text).map_err(|error| failure(path, &Fault::from_toml(&text, &error)))?;
    let mut known = HashMap::new();
    for node in &file.nodes {
        let again = |name: &str, first: usize| {
            let line = text[..first].matches('\n').count() + 1;
            let message = format!("a second node is named {name}; the first is in line {line}");
            failure(path, &Fault::new(&text, node.name.span(), message))
        };
        let mut names = members(node);
        // The name of all of them too is a name.
        names.extend(node.count.map(|_| node.id().to_owned()));
        for name in names {
            if file.host.name() == name {
                let fault = Fault::new(&text, node.name.span(), format!("{name} is the name of the host itself"));
                return Err(failure(path, &fault.hint("name = \"..\" in [host] gives the host another one")));
            }
            if let Some(first) = known.get(&name) {
                return Err(again(&name, *first));
            }
            known.insert(name, node.name.span().start);
        }
    }
    if file.nodes.is_empty() {
        let message = format!("{}: there is no node in it", path.display());
        let hint = "a node is a table [[node]] with a name and an exec";
        return Err(Failure::new(Code::Usage, message).hint(hint));
    }
    Ok(Fleet { path: absolute, text, file })
}

fn read(path: &Path) -> Result<String, Failure> {
    let failure = |error: io::Error| {
        let failure = Failure::new(
            Code::Usage,
            format!("the fleet file {} cannot be read: {error}", path.display(), error = Chain(&error)),
        );
        match error.kind() {
            io::ErrorKind::NotFound => {
                failure.hint("-f names the fleet file; the default is nodex.toml in this folder")
            }
            io::ErrorKind::InvalidData => failure.hint("a fleet file is TOML, in UTF-8"),
            _ => failure,
        }
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failure)?;
    let length = file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(failure)?;
    match u64::try_from(length) {
        Ok(..=LONGEST_FILE) => Ok(text),
        _ => {
            let message = format!("{} has more than {LONGEST_FILE} bytes: it is no fleet file", path.display());
            Err(Failure::new(Code::Usage, message))
        }
    }
}

/// Returns a fault as the end of a command.
pub(crate) fn failure(path: &Path, fault: &Fault) -> Failure {
    let mut failure = Failure::new(Code::Usage, fault.sentence(path));
    for detail in fault.details() {
        failure = failure.detail(detail);
    }
    match fault.hint_text() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

impl schema::Host {
    fn name(&self) -> &str {
        self.name.as_ref().map_or(HOST, |name| &name.0)
    }
}

impl Fleet {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.file.nodes
    }

    /// Returns the names of all nodes in start order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.nodes().iter().flat_map(members).collect()
    }

    /// Returns the nodes that a name stands for: one, or all that are alike.
    pub(crate) fn named(&self, name: &str) -> Vec<String> {
        let of = |node: &Node| if node.id() == name { members(node) } else { Vec::new() };
        let alike: Vec<_> = self.nodes().iter().flat_map(of).collect();
        if alike.is_empty() { self.names().into_iter().filter(|known| known == name).collect() } else { alike }
    }

    /// What a name may be, for people who mistyped one.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let kinds = self.nodes().iter().filter(|node| node.count.is_some()).map(|node| node.id().to_owned());
        self.names().into_iter().chain(kinds).collect()
    }

    /// Returns the child of this name.
    pub(crate) fn child(&self, name: &str, events: &Events) -> Option<ChildSpec> {
        let node = self.nodes().iter().find(|node| members(node).iter().any(|member| member == name))?;
        Some(self.spec(node, name, events))
    }

    /// As it stands in the file.
    pub(crate) fn strategy_name(&self) -> &'static str {
        match self.file.supervisor.strategy() {
            Strategy::OneForOne => "one_for_one",
            Strategy::OneForAll => "one_for_all",
            Strategy::RestForOne => "rest_for_one",
        }
    }

    /// Returns a path of the file, which is meant from the folder of the file.
    pub(crate) fn beside(&self, path: &Path) -> PathBuf {
        self.folder().join(path)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    pub(crate) fn log_dir(&self) -> Option<PathBuf> {
        self.file.host.log_dir.as_deref().map(|folder| self.beside(folder))
    }

    pub(crate) fn control_dir(&self) -> Option<PathBuf> {
        self.file.host.control_dir.as_deref().map(|folder| self.beside(folder))
    }

    pub(crate) fn cookie_file(&self) -> Option<PathBuf> {
        self.file.host.cookie_file.as_ref().map(|file| self.beside(file.get_ref()))
    }

    /// Returns the options of the host's own node; the cookie is the caller's to find.
    pub(crate) fn host(&self) -> DistributedBuilder {
        let host = &self.file.host;
        let mut builder = Distributed::builder(host.name()).epmd(host.epmd.into());
        if let Some(ip) = host.ip {
            builder = builder.ip(ip);
        }
        if let Some(hostname) = &host.hostname {
            builder = builder.hostname(hostname);
        }
        if let Some(port) = host.epmd_port {
            builder = builder.epmd_port(port);
        }
        builder
    }

    /// Returns the supervisor with all its children.
    pub(crate) fn supervisor(&self, events: &Events) -> SupervisorBuilder {
        let options = &self.file.supervisor;
        let usual = nodex_host::supervisor::Intensity::default();
        let within = options.max_seconds.map_or(usual.within, |time| time.0);
        Supervisor::builder()
            .strategy(options.strategy())
            .at_most(options.max_restarts.unwrap_or(usual.max_restarts), within)
            .backoff(options.backoff())
            .children(
                self.nodes()
                    .iter()
                    .flat_map(|node| members(node).into_iter().map(move |name| self.spec(node, &name, events))),
            )
    }

    /// Returns the nodes that are not known to take the cookie from their environment, by the names of their tables.
    pub(crate) async fn shows_cookie(&self) -> Vec<&str> {
        let mut showing = Vec::new();
        for node in self.nodes() {
            let mut options = Cnode::builder(self.exec(node));
            if let Some(on) = node.cookie_in_env {
                options = options.cookie_in_env(on);
            }
            if matches!(node.protocol, ProtocolName::Nodex) && options.shows_cookie().await {
                showing.push(node.id());
            }
        }
        showing
    }

    fn spec(&self, node: &Node, name: &str, events: &Events) -> ChildSpec {
        let mut options = Cnode::builder(self.exec(node))
            .sname(name)
            // What answers to its name without having been started from here could not be restarted from here.
            .adopt(false)
            .cwd(self.cwd(node))
            .stop(node.stop())
            // Messages to the service manager are this program's to send.
            .env_remove("NOTIFY_SOCKET")
            .events(events);
        options = match node.protocol {
            ProtocolName::Plain => {
                options.protocol(Protocol::Plain { args: node.args.iter().map(Into::into).collect() })
            }
            protocol => {
                let options = node.args.iter().fold(options, |options, arg| options.leading_arg(arg));
                match protocol {
                    ProtocolName::Bundlex => options.protocol(Protocol::Bundlex),
                    _ => options,
                }
            }
        };
        if let Some(on) = node.cookie_in_env {
            options = options.cookie_in_env(on);
        }
        for (name, value) in &node.env {
            options = options.env(name, value);
        }
        if let Some(hostname) = &node.hostname {
            options = options.hostname(hostname);
        }
        if let Some(name) = &node.registered_name {
            options = options.registered_name(name.0.clone());
        }
        if let Some(line) = &node.ready_line {
            options = options.ready_line(line);
        }
        if let Some(time) = node.drain {
            options = options.drain(time.0);
        }
        if let Some(time) = node.ready_timeout {
            options = options.spawn_inactive_timeout(time.0);
        }
        if let Some(time) = node.start_timeout {
            options = options.start_timeout(time.0);
        }
        let spec = ChildSpec::new(name, options).restart(self.restart(node));
        match &node.health {
            Some(health) => spec.health(checks(health)),
            None => spec,
        }
    }

    fn restart(&self, node: &Node) -> Restart {
        let mut restart = Restart::from(node.restart());
        if node.max_restarts.is_some() || node.max_seconds.is_some() {
            let usual = nodex_host::supervisor::Intensity::default();
            let within = node.max_seconds.map_or(usual.within, |time| time.0);
            restart = restart.at_most(node.max_restarts.unwrap_or(usual.max_restarts), within);
        }
        match &node.backoff {
            Some(backoff) => restart.backoff(backoff.over(self.file.supervisor.backoff())),
            None => restart,
        }
    }

    pub(crate) fn cwd(&self, node: &Node) -> PathBuf {
        node.cwd.as_ref().map_or_else(|| self.folder().to_owned(), |cwd| self.beside(cwd.get_ref()))
    }

    /// Returns the executable: without a slash it is looked up in PATH, as in a shell; else it is meant from the folder
    /// of the file.
    pub(crate) fn exec(&self, node: &Node) -> PathBuf {
        let exec = node.exec.get_ref();
        in_path(exec).unwrap_or_else(|| self.beside(exec))
    }
}

/// Returns `true` for a name without a folder.
pub(super) fn is_bare(exec: &Path) -> bool {
    !exec.as_os_str().as_encoded_bytes().contains(&b'/')
}

/// Returns the file in PATH that has this name, if it is a bare one.
pub(super) fn in_path(exec: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH").filter(|_| is_bare(exec) && !exec.as_os_str().is_empty())?;
    env::split_paths(&path).map(|folder| folder.join(exec)).find(|path| path.is_file())
}

/// Returns the names of the nodes that a table stands for.
fn members(node: &Node) -> Vec<String> {
    match node.count {
        None => vec![node.id().to_owned()],
        Some(count) => (1..=count.0).map(|number| format!("{}-{number}", node.id())).collect(),
    }
}

fn checks(health: &schema::Health) -> Health {
    let mut checks = match &health.call {
        Some(message) => Health::request(message.0.clone()),
        None => Health::ping(),
    };
    if let Some(time) = health.interval {
        checks = checks.every(time.0);
    }
    if let Some(time) = health.timeout {
        checks = checks.within(time.0);
    }
    match health.failures {
        Some(count) => checks.failures(count),
        None => checks,
    }
}

impl Node {
    /// Returns its name, or the beginning of the names of all that are alike.
    pub(super) fn id(&self) -> &str {
        &self.name.get_ref().0
    }
}
