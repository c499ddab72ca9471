//! From the command line to a host, and to the options of the node.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use nodex_core::{atom, epmd::EpmdError, node::StartError};
use nodex_host::{
    Cnode, CnodeBuilder, Distributed, Protocol, Restart, UpError,
    distributed::DistributedBuilder,
    supervisor::{Health, RestartType, SupervisedBuilder},
};

use crate::{
    client,
    failure::{Code, Failure},
    options::{Global, seconds, time},
    terms,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The executable
    exe: PathBuf,
    /// How the node is told its name, and how it reports that it is ready
    #[arg(short, long, default_value = "nodex")]
    protocol: Start,
    /// The part of the node name before the @ [default: 8 random digits; required with plain]
    #[arg(long, value_name = "NAME")]
    sname: Option<String>,
    /// The part of the node name after the @ [default: that of the host, 127.0.0.1]
    #[arg(long, value_name = "HOST")]
    hostname: Option<String>,
    /// The line that the node prints when it is ready [default: that of the protocol]
    #[arg(long, value_name = "LINE")]
    ready_line: Option<String>,
    /// How long the node may print nothing before it is ready
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    ready_timeout: Duration,
    /// When the node is started again after it has ended
    #[arg(short, long, default_value = "permanent")]
    restart: When,
    /// How many restarts are allowed in --max-seconds; with one more the command ends
    #[arg(long, value_name = "N", default_value_t = 3)]
    max_restarts: u32,
    /// The time in which restarts are counted
    #[arg(long, value_name = "SECONDS|TIME", default_value = "5", value_parser = seconds)]
    max_seconds: Duration,
    /// Ping the node at this interval, as Node.ping does; it is restarted if it does not answer
    #[arg(long, value_name = "TIME", value_parser = time)]
    health: Option<Duration>,
    /// How long the node may take to end after SIGTERM before it is killed
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub(super) stop_grace: Duration,
    /// Pass the cookie in NODEX_COOKIE and not as an argument; the default for nodes built with nodex
    #[arg(long)]
    cookie_in_env: bool,
    /// Set a variable of the environment of the node
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,
    /// Send the node this term, print its reply, and end
    #[arg(short, long, value_name = "TERM", allow_negative_numbers = true)]
    pub(super) call: Option<String>,
    /// Send the term as GenServer.call does, not as a plain message
    #[arg(long = "gen", requires = "call")]
    pub(super) gen_call: bool,
    /// The registered name to call [default: nil, for nodes that answer any name]
    #[arg(long, value_name = "NAME")]
    pub(super) to: Option<String>,
    /// Arguments before those of the protocol; all arguments with plain
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// The start protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Start {
    /// `<sname> <hostname> <cookie> <tname>`; the node connects to the host and prints `<node> ready`
    Nodex,
    /// `<hostname> <sname> <node> <creation>`, the cookie in BUNDLEX_ERLANG_COOKIE; the node listens and prints `ready`
    Bundlex,
    /// Only the arguments after --; the node is ready when a node of its name is connected
    Plain,
}

/// When a node is started again.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum When {
    /// Always
    Permanent,
    /// After a crash
    Transient,
    /// Never
    Temporary,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it has the form NAME=VALUE")?;
    if name.is_empty() || text.contains('\0') {
        return Err("no variable can have this name or value".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Returns the node that this command is among others.
pub(super) async fn host(global: &Global) -> Result<Distributed, Failure> {
    let cookie = client::cookie_or_random(global)?;
    let up = async |name: &str| {
        let (alive, hostname) = name.split_once('@').map_or((name, None), |(alive, host)| (alive, Some(host)));
        let builder = Distributed::builder(alive).cookie(cookie.clone());
        hostname.into_iter().fold(builder, DistributedBuilder::hostname).up().await
    };
    if let Some(name) = &global.name {
        return Ok(up(name).await?);
    }
    // Other nodes never forget a name, so there are few of them.
    for name in client::own_names() {
        match up(&name).await {
            Err(UpError::Start(StartError::Epmd(EpmdError::NameTaken { .. }))) => {}
            result => return Ok(result?),
        }
    }
    Err(client::no_name_is_free())
}

impl Args {
    /// Returns the node's options.
    pub(super) fn cnode(&self) -> Result<CnodeBuilder, Failure> {
        let mut options = Cnode::builder(&self.exe)
            .spawn_inactive_timeout(self.ready_timeout)
            .stop_grace(self.stop_grace)
            .registered_name(self.to.as_deref().map_or(Ok(atom!("nil")), terms::atom)?);
        if self.cookie_in_env {
            options = options.cookie_in_env(true);
        }
        if self.protocol == Start::Plain {
            if self.sname.is_none() {
                return Err(Failure::new(Code::Usage, "nobody tells a plain executable its name")
                    .hint("--sname says which name it will have"));
            }
            options = options.protocol(Protocol::Plain { args: self.args.clone() }).connect_timeout(self.ready_timeout);
        } else {
            options = self.args.iter().cloned().fold(options, CnodeBuilder::leading_arg);
            if self.protocol == Start::Bundlex {
                options = options.protocol(Protocol::Bundlex);
            }
        }
        if let Some(sname) = &self.sname {
            options = options.sname(sname);
        }
        if let Some(hostname) = &self.hostname {
            options = options.hostname(hostname);
        }
        if let Some(line) = &self.ready_line {
            options = options.ready_line(line);
        }
        Ok(self.env.iter().fold(options, |options, (name, value)| options.env(name, value)))
    }

    /// Returns the node's options, with its supervisor's.
    pub(super) fn supervised(&self, options: CnodeBuilder, global: &Global) -> SupervisedBuilder {
        let restart_type = match self.restart {
            When::Permanent => RestartType::Permanent,
            When::Transient => RestartType::Transient,
            When::Temporary => RestartType::Temporary,
        };
        let restart = Restart::from(restart_type).at_most(self.max_restarts, self.max_seconds);
        let mut supervised = options.restart(restart);
        if let Some(every) = self.health {
            supervised = supervised.health(Health::ping().every(every).within(global.timeout.min(every)));
        }
        supervised
    }
}
