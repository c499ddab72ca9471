//! BEAMs that a host starts, of any release, and the proof that nothing of them is left.

use std::{fs, time::Duration};

use nodex_host::{Distributed, Slave, SlaveBuilder};

use super::{Pack, net, otp::Otp, within};

/// Generous: what is waited for takes a second, but the machine may be busy with others.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// Slaves that are BEAMs of this installation.
pub(crate) fn of(otp: &Otp) -> SlaveBuilder {
    let erl = otp.command("erl");
    let command = std::iter::once(erl.get_program()).chain(erl.get_args());
    let mut options = SlaveBuilder::new().command(command).start_timeout(LIMIT).stop_grace(LIMIT);
    // Schedulers that wait without spinning: the machine is shared with other tests.
    for argument in ["+S", "1:1", "+A", "1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"] {
        options = options.arg(argument);
    }
    // The port of epmd is the host's to tell.
    for (name, value) in erl.get_envs().filter(|(name, _)| *name != "ERL_EPMD_PORT") {
        options = match value {
            Some(value) => options.env(name, value),
            None => options.env_remove(name),
        };
    }
    options
}

/// What the environment of a slave and of everything that it starts has in it.
pub(crate) fn mark(pid: u32) -> String {
    let environment = fs::read(format!("/proc/{pid}/environ")).expect("the environment of a process");
    let variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    variables.into_iter().find(|variable| variable.starts_with("NODEX_SLAVE=")).expect("a mark").into_owned()
}

/// The command lines of all processes that carry a mark.
pub(crate) fn marked(mark: &str) -> Vec<String> {
    Pack::Carrying(mark.to_owned()).members().into_iter().map(|process| process.command).collect()
}

/// Waits until nobody carries the mark.
pub(crate) async fn nobody_carries(mark: &str) {
    Pack::Carrying(mark.to_owned()).will_be_gone().await;
}

/// The end of every test: the host goes down, and no process, no name and no connection is left.
pub(crate) async fn finish(net: Distributed, slaves: impl IntoIterator<Item = Slave>) {
    let marks: Vec<String> =
        slaves.into_iter().filter(|slave| slave.exit().is_none()).map(|slave| mark(slave.pid())).collect();
    for slave in net.slaves() {
        within(120, "the end of a slave", slave.stop()).await;
    }
    for mark in marks {
        assert_eq!(marked(&mark), [""; 0], "left of {mark}");
    }
    net::finish(net, []).await;
}
