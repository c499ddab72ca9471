//! Whether a message costs more when a node has more: handlers, connections, others that are slow. Needs a node that
//! can be told how many; `src/bin/bench_node.rs` is one.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Command, Stdio},
    time::Instant,
};

use super::{
    raw::{Saturation, saturate},
    world::World,
};
use crate::{
    figures::{
        latency::Latencies,
        report::Report,
        subject::{Subject, Unit},
    },
    generator::{
        aloud,
        cores::Placement,
        frames::{hello, milliseconds},
        handshake::{self, COOKIE},
        host::{PATIENCE, Reaped},
        process::cpu_time,
    },
    load::{
        round_trips::{first_answer, one_at_a_time, wrong_answer},
        traffic::{FUNCTIONS, Traffic},
    },
    options::Executable,
};

/// How many handlers, and how many connections.
pub(crate) const COUNTS: [u64; 4] = [1, 10, 100, 1000];

/// The works.
pub(crate) const HANDLERS: &str = "saturated, messages, by handlers";
pub(crate) const KINDS: &str = "saturated, typed functions of two registered names";
pub(crate) const CONNECTIONS: &str = "one at a time over each connection in turn, by connections";
pub(crate) const BESIDE: &str = "one at a time, beside a sleeping and a computing handler";

/// How long the slow handlers take. The measurement does not wait for them.
const SLOW: u32 = 600_000;

type Step = fn(&World<'_>, &Executable, &mut Report) -> io::Result<()>;

pub(crate) fn measure(world: &World<'_>, node: &Executable, report: &mut Report) {
    let steps: [(&str, Step); 4] = [(HANDLERS, handlers), (KINDS, kinds), (CONNECTIONS, connections), (BESIDE, beside)];
    for (work, step) in steps {
        if let Err(error) = step(world, node, report) {
            report.fail(node, work, &error.to_string());
        }
    }
}

fn handlers(world: &World<'_>, node: &Executable, report: &mut Report) -> io::Result<()> {
    for count in COUNTS {
        let environment = [("BENCH_HANDLERS", count.to_string())];
        let spawn = || world.host.spawn_with(&node.path, &environment);
        let (mut running, _) = world.cores.place(world.cores.apart(), spawn).map_err(io::Error::other)??;
        let alike = Traffic::alike(&mut running.stream)?;
        let Saturation { rate, cpu, .. } = saturate(&mut running, &alike, world.options.glance)?;
        running.stop()?;
        report.add(Subject::new(HANDLERS, &node.name, "value", Unit::MillionsPerSecond).at(count), rate);
        let work = format!("{HANDLERS}, processor time");
        report.add(Subject::new(&work, &node.name, "value", Unit::Microseconds).at(count), cpu);
    }
    Ok(())
}

/// What it costs that messages are not alike: the same node, once with one kind of message and once with many.
fn kinds(world: &World<'_>, node: &Executable, report: &mut Report) -> io::Result<()> {
    for name in ["one kind", "mixed"] {
        let spawn = || world.host.spawn_with(&node.path, &[("BENCH_NAMES", "2".to_owned())]);
        let (mut running, _) = world.cores.place(world.cores.apart(), spawn).map_err(io::Error::other)??;
        let traffic = match name {
            "mixed" => Traffic::mixed(&mut running.stream, &FUNCTIONS)?,
            _ => Traffic::alike(&mut running.stream)?,
        };
        let Saturation { rate, cpu, .. } = saturate(&mut running, &traffic, world.options.saturate_for / 2)?;
        running.stop()?;
        report.add(Subject::new(KINDS, &node.name, "value", Unit::MillionsPerSecond).row(name), rate);
        let work = format!("{KINDS}, processor time");
        report.add(Subject::new(&work, &node.name, "value", Unit::Microseconds).row(name), cpu);
    }
    Ok(())
}

fn connections(world: &World<'_>, node: &Executable, report: &mut Report) -> io::Result<()> {
    let mut listener = Command::new(&node.path);
    listener.args(["listen", "listener@127.0.0.1", COOKIE]).stdin(Stdio::piped());
    listener.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = world.cores.place(world.cores.apart(), || listener.spawn()).map_err(io::Error::other)??;
    let mut child = Reaped(child);
    aloud::pass_on(&mut child.0)?;
    let mut line = String::new();
    if let Some(stdout) = child.0.stdout.as_mut() {
        BufReader::new(stdout.take(100)).read_line(&mut line)?;
    }
    let port: u16 = line.trim().parse().map_err(|_| io::Error::other("the node did not tell its port"))?;

    let mut open: Vec<TcpStream> = Vec::new();
    let (request, mut answer) = (hello(), Vec::new());
    for count in COUNTS {
        while (open.len() as u64) < count {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            handshake::connect(&mut stream, &format!("peer{}@127.0.0.1", open.len()), COOKIE)?;
            answer = first_answer(&mut stream, &request, b"hello")?;
            open.push(stream);
        }
        let mut latencies = Latencies::new().map_err(io::Error::other)?;
        let before = cpu_time(child.0.id())?;
        let (began, mut messages) = (Instant::now(), 0_u32);
        let mut got = vec![0; answer.len()];
        while began.elapsed() < world.options.glance {
            for stream in &mut open {
                let sent = Instant::now();
                stream.write_all(&request)?;
                stream.read_exact(&mut got)?;
                latencies.record(sent.elapsed());
                messages += 1;
                if got != answer {
                    return Err(wrong_answer());
                }
            }
        }
        let used = cpu_time(child.0.id())?.saturating_sub(before);
        report.add_times(&Subject::new(CONNECTIONS, &node.name, "", Unit::Microseconds).at(count), &latencies);
        let work = format!("{CONNECTIONS}, processor time");
        let cpu = used.as_secs_f64() * 1e6 / f64::from(messages);
        report.add(Subject::new(&work, &node.name, "value", Unit::Microseconds).at(count), cpu);
    }
    Ok(())
}

/// A handler that waits for a timer and one that computes are at it while pings are answered.
fn beside(world: &World<'_>, node: &Executable, report: &mut Report) -> io::Result<()> {
    let spawn = || world.host.spawn(&node.path);
    for (slow, name) in [(&[][..], "alone"), (&[b"zzzz", b"busy"][..], "beside")] {
        let (mut running, _) = world.cores.place(Placement::Free, spawn).map_err(io::Error::other)??;
        for request in slow {
            running.stream.write_all(&milliseconds(request, SLOW))?;
        }
        one_at_a_time(&mut running.stream, 5, world.options.messages / 10)?;
        let times = one_at_a_time(&mut running.stream, 5, world.options.messages / 2)?;
        running.end();
        let latencies = Latencies::of(&times).map_err(io::Error::other)?;
        let subject = Subject::new(BESIDE, &node.name, "", Unit::Microseconds).row(name);
        report.add_times(&subject, &latencies);
    }
    Ok(())
}
