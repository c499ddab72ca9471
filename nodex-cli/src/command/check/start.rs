//! Checks of the start: arguments, lines, what the node says of itself, what it opens.

use std::{collections::HashSet, fs, time::Duration};

use nodex_core::protocol::Flags;

use super::{
    session::Session,
    subject::{HOST, Protocol, Subject},
    world::{Begun, TNAME, World, in_words, short},
};
use crate::{
    failure::Failure,
    output,
    report::{Check, Report, Verdict},
};

/// How long a program that is only asked for its usage may run.
const USAGE: Duration = Duration::from_secs(5);

/// Any other number of arguments than four, and `--help`, print the usage and are no error.
pub(super) async fn usage(subject: &Subject, report: &mut Report) -> Result<(), Failure> {
    let check = Check { id: "usage", name: "usage on wrong arguments, exit 0" };
    report.begin(check.name);
    let mut verdict = Verdict::pass();
    for args in [&[][..], &["a", "b", "c"], &["--help"]] {
        let shown =
            if args.is_empty() { "without arguments".to_owned() } else { format!("with \"{}\"", args.join(" ")) };
        let mut instance = subject.bare_start(args).start()?;
        let status = instance.ended_within(USAGE.max(subject.wait)).await;
        let lines = instance.lines();
        verdict = match status {
            None => Verdict::fail(format!("{shown} it goes on running"), "who tries it out has to kill it"),
            Some(status) if status.code() != Some(0) => Verdict::fail(
                format!("{shown} it ends with {}", in_words(status)),
                "hosts take it for a node that crashed",
            ),
            Some(_) if !lines.iter().any(|line| line.text.to_lowercase().contains("usage")) => {
                Verdict::warn(format!("{shown} it prints no usage"), "who tries it out is told nothing")
            }
            Some(_) => verdict,
        };
        instance.clear_away().await;
        if matches!(verdict, Verdict::Fail(..)) {
            break;
        }
    }
    Ok(report.add(check, verdict)?)
}

/// Returns the ready line and those before it. False if there is no connection, without which little can be checked.
pub(super) fn lines(subject: &Subject, begun: &Begun, sname: &str, report: &mut Report) -> Result<bool, Failure> {
    let limit = output::limit(subject.ready_timeout);
    let node = format!("{sname}@{HOST}");
    let trouble = || match &begun.trouble {
        Some(trouble) => trouble.clone(),
        None => format!("nothing in {limit}"),
    };
    if let Some(line) = subject.ready_line(&node) {
        let check = Check { id: "ready", name: "says that it is ready in time" };
        let verdict = match begun.ready {
            Some(after) => Verdict::noted(output::duration(after)),
            None => Verdict::fail(
                format!("no line \"{}\" in {limit}, {}", short(&line), trouble()),
                "its host stops it again (spawn_inactive_timeout)",
            ),
        };
        report.add(check, verdict)?;
    }
    let check = Check { id: "connected", name: "is connected with its host" };
    let Some(session) = &begun.session else {
        let means = "no message can reach it (unable_to_establish_connection)";
        report.add(check, Verdict::fail(trouble(), means))?;
        return Ok(false);
    };
    report.add(check, Verdict::noted(session.connection.peer().name.clone()))?;
    if subject.protocol == Protocol::Nodex {
        let printed = begun.instance.lines();
        let before: Vec<&str> = printed[..begun.ready_at.unwrap_or(printed.len())]
            .iter()
            .filter(|line| !line.stderr)
            .map(|line| line.text.as_str())
            .collect();
        let expected = [
            ("initialising", "prints that it is initialising", format!("initialising {node}")),
            ("connecting", "prints that it is connecting", format!("connecting to {TNAME}@{HOST}")),
        ];
        for (id, name, line) in expected {
            let verdict = match before.contains(&line.as_str()) {
                true => Verdict::pass(),
                false => Verdict::warn(
                    format!("no line \"{line}\""),
                    "a slow start looks like a dead one, as each line restarts the host's clock",
                ),
            };
            report.add(Check { id, name }, verdict)?;
        }
    }
    Ok(true)
}

/// What it told in the handshake.
pub(super) fn handshake(session: &Session, report: &mut Report) -> Result<(), Failure> {
    let flags = session.connection.peer().flags;
    let check = Check { id: "hidden", name: "is a hidden node" };
    let verdict = match flags.contains(Flags::PUBLISHED) {
        false => Verdict::pass(),
        true => Verdict::warn(
            "it is visible",
            "it is in nodes() of every BEAM, and global:sync/0 and libraries that form clusters wait for it",
        ),
    };
    report.add(check, verdict)?;
    let check = Check { id: "flags", name: "can what OTP 23 to 29 demand" };
    let [for_25, for_26] = [Flags::MANDATORY_25, Flags::MANDATORY_26].map(|demanded| flags.missing(demanded));
    let verdict = if !for_25.is_empty() {
        Verdict::fail(format!("{for_25} missing"), "OTP 25 and later do not let it in")
    } else if !for_26.is_empty() {
        Verdict::fail(format!("{for_26} missing"), "OTP 26 and later do not let it in")
    } else {
        Verdict::pass()
    };
    Ok(report.add(check, verdict)?)
}

/// What it has opened: sockets that listen, names in epmd.
pub(super) async fn openings(
    subject: &Subject,
    world: &World,
    begun: &Begun,
    sname: &str,
    report: &mut Report,
) -> Result<(), Failure> {
    let names = world.epmd.client.names().await.unwrap_or_default();
    let registered = names.iter().find(|(name, _)| name == sname).map(|(_, port)| *port);
    let ports = listening(begun.instance.pid);
    if subject.protocol != Protocol::Nodex {
        let check = Check { id: "in_epmd", name: "is registered with epmd" };
        let verdict = match registered {
            Some(port) => Verdict::noted(format!("port {port}")),
            None => Verdict::warn("epmd does not know it", "only its host can connect to it"),
        };
        return Ok(report.add(check, verdict)?);
    }
    let check = Check { id: "not_in_epmd", name: "is not in epmd" };
    let verdict = match registered {
        None => Verdict::pass(),
        Some(port) => Verdict::warn(
            format!("registered with port {port}"),
            "others find it and connect, and a second one of its name cannot start",
        ),
    };
    report.add(check, verdict)?;
    let check = Check { id: "no_listener", name: "does not listen" };
    let verdict = match &ports[..] {
        [] => Verdict::pass(),
        ports => Verdict::warn(
            format!("it listens on {}", ports.join(", ")),
            "whoever has the cookie, or finds a hole, can connect to it",
        ),
    };
    Ok(report.add(check, verdict)?)
}

/// Returns the addresses on which a process listens, as far as /proc tells.
fn listening(pid: u32) -> Vec<String> {
    let sockets: HashSet<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.to_str().map(str::to_owned))
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut ports = Vec::new();
    for table in ["tcp", "tcp6"] {
        for line in fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // Local address, state and inode; state 0A is LISTEN.
            if let (Some(local), Some(&"0A"), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9))
                && sockets.contains(*inode)
                && let Some(port) = local.rsplit(':').next().and_then(|port| u16::from_str_radix(port, 16).ok())
            {
                ports.push(format!("port {port}"));
            }
        }
    }
    ports.dedup();
    ports
}

/// What it printed after its ready line.
pub(super) fn silent(begun: &Begun, report: &mut Report) -> Result<(), Failure> {
    let check = Check { id: "silent", name: "is silent once it is ready" };
    let lines = begun.instance.lines();
    let after = lines.get(begun.ready_at.map_or(0, |at| at + 1)..).unwrap_or_default();
    let verdict = match after.first() {
        None => Verdict::pass(),
        Some(_) if begun.ready_at.is_none() => Verdict::noted(format!("{} lines in all", lines.len())),
        Some(line) => Verdict::warn(
            format!("{} more lines, the first is \"{}\"", after.len(), short(&line.text)),
            "hosts log each of them as a warning",
        ),
    };
    Ok(report.add(check, verdict)?)
}
