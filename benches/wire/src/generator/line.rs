//! A line of limited speed: two network namespaces with a pair of virtual Ethernet devices between them, and on each end a
//! token bucket. Needs root, `ip` and `tc`.

use std::{
    net::{IpAddr, Ipv4Addr},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::host::{PATIENCE, Reaped};

/// Where the caller is on this line; the nodes are at the other end.
pub(crate) const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 83, 0, 1));
const NODES: Ipv4Addr = Ipv4Addr::new(10, 83, 0, 2);

/// The line and the nodes on it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    ends: [String; 2],
    /// One at each end: before OTP 25 a BEAM cannot do without.
    epmds: Vec<Reaped>,
}

impl Line {
    /// Of so many megabytes a second in each direction.
    pub(crate) fn new(megabytes: u64) -> Result<Line, String> {
        let ends = ["caller", "nodes"].map(|end| format!("nodex-bench-{}-{end}", std::process::id()));
        let mut line = Line { ends, epmds: Vec::new() };
        let [caller, nodes] = &line.ends;
        for end in &line.ends {
            run("ip", &["netns", "add", end])?;
        }
        run("ip", &["-n", caller, "link", "add", "line", "type", "veth", "peer", "name", "line", "netns", nodes])?;
        for (end, address) in [(caller, CALLER), (nodes, NODES.into())] {
            run("ip", &["-n", end, "addr", "add", &format!("{address}/24"), "dev", "line"])?;
            for device in ["lo", "line"] {
                run("ip", &["-n", end, "link", "set", device, "up"])?;
            }
            let rate = format!("{}mbit", megabytes * 8);
            let bucket = ["root", "tbf", "rate", &rate, "burst", "256kb", "latency", "50ms"];
            run("tc", &[&["-n", end, "qdisc", "add", "dev", "line"][..], &bucket].concat())?;
        }
        for end in &line.ends {
            let epmd = Command::new("ip").args(["netns", "exec", end, "epmd"]).stdin(Stdio::null()).spawn();
            line.epmds.push(Reaped(epmd.map_err(|error| format!("epmd: {error}"))?));
            // A BEAM asks it once only.
            let began = Instant::now();
            while let Err(error) = run("ip", &["netns", "exec", end, "epmd", "-names"]) {
                if began.elapsed() > PATIENCE {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(line)
    }

    /// What runs a program where the caller is, and where nodes are.
    pub(crate) fn before(&self) -> [Vec<String>; 2] {
        self.ends.clone().map(|end| ["ip", "netns", "exec", &end].map(str::to_owned).to_vec())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.epmds.clear();
        for end in &self.ends {
            // There is none if it could not be made.
            let _ = Command::new("ip").args(["netns", "del", end]).stderr(Stdio::null()).status();
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {}: {}", arguments.join(" "), said.trim()))
}
