//! Starting a process and waiting until it is ready.

use std::{sync::Arc, time::Duration};

use nodex_core::{protocol::handshake::check_own_name, random};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Cancel, CnodeBuilder, EventKind, HostNode, NodeProcess, SpawnError,
    plan::Plan,
    report::{Pump, Reporter},
};
use crate::process::{Exit, LINE_LIMIT, Line, OsProcess, Output};

impl CnodeBuilder {
    /// Starts the executable and waits for its ready line, without connecting to it, for hosts that connect by other
    /// means. Without a ready line ([`Protocol::Plain`](super::Protocol::Plain)) it returns at once.
    ///
    /// # Errors
    /// Returns an error when the node does not become ready. Its process group has been stopped then.
    pub async fn start(&self, host: &HostNode) -> Result<NodeProcess, SpawnError> {
        self.start_with(host, Vec::new(), &Cancel::never()).await
    }

    /// Like [`start`](Self::start), with input for its stdin, until it is cancelled.
    pub(crate) async fn start_with(
        &self,
        host: &HostNode,
        input: Vec<u8>,
        cancel: &Cancel,
    ) -> Result<NodeProcess, SpawnError> {
        let mut plan = self.plan(host).await?;
        plan.launch.input = input;
        Ok(self.start_plan(plan, cancel).await?.process)
    }

    pub(super) async fn start_plan(&self, plan: Plan, cancel: &Cancel) -> Result<Started, SpawnError> {
        let launched = Instant::now();
        let mut process = OsProcess::start(plan.launch, self.process.stop).await?;
        let reporter = Arc::new(Reporter::new(&plan.node, self.process.events.clone().unwrap_or_default()));
        reporter.send(EventKind::Started { pid: process.pid() });
        let output = match process.take_output() {
            Ok(output) => output,
            Err(source) => {
                process.stop(self.process.stop.grace).await;
                return Err(SpawnError::Output { node: reporter.node().to_owned(), source });
            }
        };
        let mut pump = Pump { output, reporter };
        if let Some(ready_line) = &plan.ready_line {
            let clocks = Clocks { launched, inactive: self.spawn_inactive_timeout, whole: self.process.start_timeout };
            if let Err(missed) = wait_for(ready_line, &process, &mut pump, &clocks, cancel).await {
                let error = self.failed(missed, &pump.reporter);
                // What it still prints must not keep it from ending.
                tokio::join!(process.stop(self.process.stop.grace), pump.run(process.ending()));
                return Err(error);
            }
            pump.reporter.send(EventKind::Ready { after: launched.elapsed() });
        }
        Ok(Started { process: NodeProcess::new(process, pump, self.process.stop.grace, plan.ours), launched })
    }

    /// Checks the options.
    pub(crate) fn check(&self, host: &HostNode) -> Result<(), SpawnError> {
        self.plan_for(host, false).map(drop)
    }

    pub(super) async fn plan(&self, host: &HostNode) -> Result<Plan, SpawnError> {
        self.plan_for(host, self.is_ours().await)
    }

    /// Plans a start. `ours` says whether the executable is known to be built with nodex.
    fn plan_for(&self, host: &HostNode, ours: bool) -> Result<Plan, SpawnError> {
        let sname = self.sname.clone().unwrap_or_else(random_sname);
        let plan = Plan::new(self, host, &sname, creation(), ours);
        if let Err(problem) = check_own_name(&plan.node) {
            return Err(SpawnError::InvalidName { name: plan.node, problem });
        }
        if plan.node == host.name() {
            return Err(SpawnError::NameOfHost { node: plan.node });
        }
        match &plan.ready_line {
            Some(line) if line.len() >= LINE_LIMIT || line.contains('\n') => {
                Err(SpawnError::ImpossibleReadyLine { length: line.len(), limit: LINE_LIMIT - 1 })
            }
            _ => Ok(plan),
        }
    }

    fn failed(&self, missed: Missed, reporter: &Reporter) -> SpawnError {
        let (node, printed) = (reporter.node().to_owned(), reporter.printed());
        match missed {
            Missed::Exit(exit) => SpawnError::UnexpectedExit { node, exit, printed },
            Missed::Inactive => SpawnError::InactiveTimeout { node, timeout: self.spawn_inactive_timeout, printed },
            Missed::Whole => SpawnError::StartTimeout { node, timeout: self.process.start_timeout, printed },
            Missed::Cancelled => SpawnError::Cancelled { node },
        }
    }
}

/// A running process, and when it was started.
pub(super) struct Started {
    pub(super) process: NodeProcess,
    pub(super) launched: Instant,
}

/// Why the ready line did not come.
enum Missed {
    Exit(Exit),
    Inactive,
    Whole,
    Cancelled,
}

struct Clocks {
    launched: Instant,
    inactive: Duration,
    whole: Duration,
}

async fn wait_for(
    line: &str,
    process: &OsProcess,
    pump: &mut Pump,
    clocks: &Clocks,
    cancel: &Cancel,
) -> Result<(), Missed> {
    let is_ready = |printed: &Line| printed.bytes == line && !printed.continues;
    let whole = clocks.launched.checked_add(clocks.whole);
    let ending = process.ending();
    let mut last_line = clocks.launched;
    loop {
        let inactive = last_line.checked_add(clocks.inactive);
        let (deadline, missed) = match (inactive, whole) {
            (Some(inactive), whole) if whole.is_none_or(|whole| inactive < whole) => (Some(inactive), Missed::Inactive),
            (_, whole) => (whole, Missed::Whole),
        };
        let printed = tokio::select! {
            // In this order: what its status says is more than that it is silent, and neither clock nor exit can be kept away
            // by a process that prints without end.
            biased;
            () = cancel.wait() => return Err(Missed::Cancelled),
            exit = ending.ended() => {
                while let Some(printed) = pump.output.next_left() {
                    let ready = is_ready(&printed);
                    pump.reporter.line(printed);
                    if ready {
                        return Ok(());
                    }
                }
                return Err(Missed::Exit(exit));
            }
            () = at(deadline) => {
                let Missed::Inactive = missed else { return Err(missed) };
                // A host that had no time to read must not take that for silence.
                tokio::task::yield_now().await;
                let printed = timeout(Duration::ZERO, next_line(&mut pump.output)).await;
                let Ok(printed) = printed else { return Err(missed) };
                printed
            }
            printed = next_line(&mut pump.output) => printed,
        };
        last_line = Instant::now();
        let ready = is_ready(&printed);
        pump.reporter.line(printed);
        if ready {
            return Ok(());
        }
    }
}

/// Returns the next line. Never returns when the output is closed.
async fn next_line(output: &mut Output) -> Line {
    match output.next().await {
        Some(line) => line,
        None => std::future::pending().await,
    }
}

pub(super) async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Returns eight random hexadecimal digits.
fn random_sname() -> String {
    format!("{:08x}", random::any() & 0xffff_ffff)
}

/// Returns a creation for a node that is told its own. It is not one of 0 to 3, and fits a C `short`.
fn creation() -> u32 {
    u32::try_from(random::any() & 0x3fff).unwrap_or_default() + 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_snames_are_eight_hex_digits_and_differ() {
        let names: std::collections::HashSet<_> = (0..1000).map(|_| random_sname()).collect();
        assert!(names.len() > 990);
        assert!(names.iter().all(|name| name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert!((0..1000).all(|_| creation() >= 4));
    }
}
