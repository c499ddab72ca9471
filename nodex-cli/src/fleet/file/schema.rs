//! The keys of a fleet file. `docs/fleet.md` says the same to its readers.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use nodex_core::node::Backoff;
use nodex_host::{
    EpmdMode,
    process::StopOptions,
    supervisor::{RestartType, Strategy},
};
use serde::Deserialize;
use toml::Spanned;

use super::value::{AtomName, Count, Message, Name, Part, Seconds, Signal, Time};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) host: Host,
    #[serde(default)]
    pub(crate) supervisor: Supervisor,
    #[serde(default, rename = "node")]
    pub(crate) nodes: Vec<Node>,
}

/// `[host]`: the node that the others connect to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    pub(crate) name: Option<Name>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) hostname: Option<String>,
    pub(crate) cookie_file: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(crate) epmd: Epmd,
    pub(crate) epmd_port: Option<u16>,
    pub(crate) log_dir: Option<PathBuf>,
    pub(crate) control_dir: Option<PathBuf>,
}

/// Which epmd.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Epmd {
    #[default]
    Auto,
    System,
    Embedded,
    Private,
}

impl From<Epmd> for EpmdMode {
    fn from(epmd: Epmd) -> EpmdMode {
        match epmd {
            Epmd::Auto => EpmdMode::SystemOrEmbedded,
            Epmd::System => EpmdMode::System,
            Epmd::Embedded => EpmdMode::Embedded,
            Epmd::Private => EpmdMode::Private,
        }
    }
}

/// `[supervisor]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Supervisor {
    #[serde(default)]
    strategy: StrategyName,
    pub(crate) max_restarts: Option<u32>,
    pub(crate) max_seconds: Option<Seconds>,
    #[serde(default)]
    backoff: BackoffTable,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StrategyName {
    #[default]
    OneForOne,
    OneForAll,
    RestForOne,
}

impl Supervisor {
    pub(crate) fn strategy(&self) -> Strategy {
        match self.strategy {
            StrategyName::OneForOne => Strategy::OneForOne,
            StrategyName::OneForAll => Strategy::OneForAll,
            StrategyName::RestForOne => Strategy::RestForOne,
        }
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.backoff.over(Backoff::default())
    }
}

/// `backoff = { .. }`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackoffTable {
    first: Option<Time>,
    max: Option<Time>,
    jitter: Option<Part>,
    stable: Option<Time>,
}

impl BackoffTable {
    /// What is not set is as in `base`.
    pub(crate) fn over(&self, base: Backoff) -> Backoff {
        let mut backoff = base;
        backoff.first = self.first.map_or(base.first, |time| time.0);
        // A first pause that is longer than the longest is meant.
        backoff.max = self.max.map_or(base.max.max(backoff.first), |time| time.0);
        backoff.jitter = self.jitter.map_or(base.jitter, |part| part.0);
        backoff.stable = self.stable.map_or(base.stable, |time| time.0);
        backoff
    }
}

/// `[[node]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    pub(crate) name: Spanned<Name>,
    pub(crate) count: Option<Count>,
    pub(crate) exec: Spanned<PathBuf>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) protocol: ProtocolName,
    pub(crate) hostname: Option<String>,
    pub(crate) registered_name: Option<AtomName>,
    pub(crate) ready_line: Option<String>,
    pub(crate) ready_timeout: Option<Time>,
    pub(crate) start_timeout: Option<Time>,
    pub(crate) cookie_in_env: Option<bool>,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: Option<Spanned<PathBuf>>,
    #[serde(default)]
    restart: RestartName,
    pub(crate) max_restarts: Option<u32>,
    pub(crate) max_seconds: Option<Seconds>,
    pub(crate) backoff: Option<BackoffTable>,
    #[serde(default)]
    stop: StopTable,
    pub(crate) drain: Option<Time>,
    pub(crate) health: Option<Health>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProtocolName {
    #[default]
    Nodex,
    Bundlex,
    Plain,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RestartName {
    #[default]
    Permanent,
    Transient,
    Temporary,
}

/// `stop = { .. }`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StopTable {
    signal: Option<Signal>,
    grace: Option<Time>,
    group: Option<bool>,
}

/// `health = { .. }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    pub(crate) interval: Option<Time>,
    pub(crate) timeout: Option<Time>,
    pub(crate) failures: Option<u32>,
    pub(crate) call: Option<Message>,
}

impl Node {
    pub(crate) fn restart(&self) -> RestartType {
        match self.restart {
            RestartName::Permanent => RestartType::Permanent,
            RestartName::Transient => RestartType::Transient,
            RestartName::Temporary => RestartType::Temporary,
        }
    }

    pub(crate) fn stop(&self) -> StopOptions {
        let usual = StopOptions::default();
        let signal = self.stop.signal.map_or(usual.signal, |signal| signal.0);
        let grace = self.stop.grace.map_or(usual.grace, |time| time.0);
        StopOptions::new(signal, grace).group(self.stop.group.unwrap_or(usual.group))
    }
}
