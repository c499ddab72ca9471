//! One file or folder per command.

mod bench;
mod check;
mod completions;
mod demo;
mod doctor;
mod epmd;
mod fleet;
mod listen;
mod man;
mod names;
mod new;
mod run;
mod talk;
mod term;

use std::process::ExitCode;

use clap::Subcommand;

use self::{
    fleet::{logs, ps, restart, stop, top, up},
    talk::{call, info, ping, rpc, send},
};
use crate::{
    failure::Failure,
    lifetime::{CLEAN_UP, interruptible, interruptible_with, until_stopped},
    options::Global,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a node that starts, answers, crashes, is killed and restarted: a tour of some seconds, without Erlang
    Demo(demo::Args),
    /// Run the node of the demo
    #[command(hide = true)]
    DemoNode(demo::NodeArgs),
    /// List the nodes that are registered on a host, and whether they answer
    Names(names::Args),
    /// Run an epmd on this host, by which its nodes find each other
    Epmd(epmd::Args),
    /// Connect to a node and measure round trips
    Ping(ping::Args),
    /// Describe a node: its kind, release, processes and functions
    Info(info::Args),
    /// Call a process, as GenServer.call does, and print its reply
    Call(call::Args),
    /// Send a request without waiting for a reply, as GenServer.cast does
    Cast(send::Args),
    /// Send a message to a process
    Send(send::Args),
    /// Call a function on a node, as :rpc.call does, and print its result
    Rpc(rpc::Args),
    /// Start a node executable, restart it when it fails, and print its events
    Run(run::Args),
    /// Check what an Erlang user would notice about a node executable, in Rust or C
    Check(check::Args),
    /// Explain step by step why a node cannot be connected to
    Doctor(doctor::Args),
    /// Measure node executables side by side, called by a raw generator, a Rust host and a BEAM, and write a report
    Bench(bench::Args),
    /// Run a node that prints every message it receives
    Listen(listen::Args),
    /// Start and supervise the nodes of a fleet file
    Up(up::Args),
    /// List the nodes of a fleet that is up: state, process, restarts, memory
    Ps(ps::Args),
    /// Watch the nodes of a fleet: state, processor time, memory, restarts
    Top(top::Args),
    /// Print the output and the events of the nodes of a fleet
    Logs(logs::Args),
    /// Stop a node of a fleet and start it again
    Restart(restart::Args),
    /// Stop a node of a fleet, or the whole fleet
    Stop(stop::Args),
    /// Read a term and print it in both languages
    Term(term::Args),
    /// Make a new node project, which builds and passes its test
    New(new::Args),
    /// Print the completion script for a shell
    Completions(completions::Args),
    /// Print the manual page
    Man(man::Args),
}

impl Command {
    /// Runs it; `whole` is the grammar of the whole command line.
    pub(crate) fn run(self, global: &Global, whole: fn() -> clap::Command) -> Result<ExitCode, Failure> {
        match self {
            Command::Demo(args) => demo::run(args, global),
            Command::DemoNode(args) => Ok(demo::be_node(args)),
            Command::Names(args) => interruptible(global, names::run(args, global)),
            Command::Epmd(args) => epmd::run(args, global),
            Command::Ping(args) => interruptible(global, ping::run(args, global)),
            Command::Info(args) => interruptible(global, info::run(args, global)),
            Command::Call(args) => interruptible(global, call::run(args, global)),
            Command::Cast(args) => interruptible(global, send::run(args, global, send::Kind::Cast)),
            Command::Send(args) => interruptible(global, send::run(args, global, send::Kind::Plain)),
            Command::Rpc(args) => interruptible(global, rpc::run(args, global)),
            Command::Run(args) => run::run(args, global),
            Command::Check(args) => interruptible_with(global, CLEAN_UP, check::run(args, global)),
            Command::Doctor(args) => interruptible(global, doctor::run(args, global)),
            Command::Bench(args) => bench::run(args, global),
            Command::Listen(args) => until_stopped(global, listen::run(args, global)),
            Command::Up(args) => up::run(args, global),
            Command::Ps(args) => interruptible(global, ps::run(args, global)),
            Command::Top(args) => top::run(args, global),
            Command::Logs(args) => interruptible(global, logs::run(args, global)),
            Command::Restart(args) => interruptible(global, restart::run(args, global)),
            Command::Stop(args) => interruptible(global, stop::run(args, global)),
            Command::Term(args) => term::run(args, global),
            Command::New(args) => new::run(args, global),
            Command::Completions(args) => completions::run(args, whole()),
            Command::Man(args) => man::run(args, whole()),
        }
    }
}
