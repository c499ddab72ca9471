//! `nodex check`: what a user of Erlang would notice about an executable that is a node.

mod ends;
mod instance;
mod load;
mod messages;
mod names;
mod session;
mod start;
mod subject;
mod world;

use std::{ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

use nodex_core::atom;
use serde_json::json;

use subject::{Call, Protocol, Subject};

use crate::{
    failure::{Code, Failure},
    options::{Global, time},
    output::Screen,
    report::{Check, Layout, Report, Verdict},
    terms,
};

/// The longest name of a check.
const WIDTH: usize = 34;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The executable, Rust or C or anything
    exe: PathBuf,
    /// How it is told its name, and who connects to whom
    #[arg(short, long, default_value = "nodex")]
    protocol: Protocol,
    /// A call that it can answer [default: {ping, Anything}, which is to give {pong, Anything}]
    #[arg(short, long, value_name = "TERM", allow_negative_numbers = true)]
    call: Option<String>,
    /// A call that keeps it busy for some seconds, to see whether it ticks meanwhile
    #[arg(long, value_name = "TERM")]
    busy: Option<String>,
    /// The registered name that it is called by [default: nil, which nodes answer that answer any name]
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// The line by which it says that it is ready, {node} filled in [default: that of the protocol]
    #[arg(long, value_name = "LINE")]
    ready_line: Option<String>,
    /// How long it may take until it is ready
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    ready_timeout: Duration,
    /// How long it may take for each answer, and for its end
    #[arg(short, long, value_name = "TIME", default_value = "2s", value_parser = time)]
    wait: Duration,
    /// Arguments before those of the protocol; all arguments if it is plain
    #[arg(last = true)]
    args: Vec<OsString>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let subject = subject(&args, global)?;
    let screen = Screen::new(global.quiet);
    let mut report = Report::new(screen, global.quiet, global.json, WIDTH, Layout::Means);
    all(&subject, &mut report).await?;
    if global.json {
        let about = json!({ "executable": args.exe.display().to_string() });
        screen.json(report.to_json(about))?;
    } else {
        screen.talk("");
        screen.talk(report.summary());
    }
    Ok(if report.has_failed() { ExitCode::from(Code::PeerError as u8) } else { ExitCode::SUCCESS })
}

fn subject(args: &Args, global: &Global) -> Result<Subject, Failure> {
    let exe = &args.exe;
    if !exe.is_file() {
        let what = if exe.exists() { "is no file" } else { "does not exist" };
        return Err(Failure::new(Code::Usage, format!("the executable {} {what}", exe.display())));
    }
    let call = match &args.call {
        None => Call::Echo,
        Some(text) => Call::Term(terms::argument(text, global)?),
    };
    Ok(Subject {
        // Not looked up in PATH, as a bare name would be.
        program: std::path::absolute(exe)?,
        protocol: args.protocol,
        args: args.args.clone(),
        ready_line: args.ready_line.clone(),
        ready_timeout: args.ready_timeout,
        to: args.to.as_deref().map_or(Ok(atom!("nil")), terms::atom)?,
        to_is_told: args.to.is_some(),
        call,
        busy: args.busy.as_deref().map(|text| terms::argument(text, global)).transpose()?,
        wait: args.wait,
    })
}

/// The node that most checks are made with.
const SNAME: &str = "check";

async fn all(subject: &Subject, report: &mut Report) -> Result<(), Failure> {
    let world = world::World::new().await?;
    if subject.protocol == Protocol::Nodex {
        start::usage(subject, report).await?;
    }
    report.begin("start");
    let mut begun = world.begin(subject, SNAME).await?;
    let mut left = ends::Left(0, 0);
    if start::lines(subject, &begun, SNAME, report)? {
        start::openings(subject, &world, &begun, SNAME, report).await?;
        if let Some(mut session) = begun.session.take() {
            start::handshake(&session, report)?;
            if !subject.to_is_told
                && let Some(names) = names::instead(&mut session, subject.wait).await
            {
                names::tell(&names, report)?;
                left_out("it has to be told whom to ask", report)?;
                left.clear_away(begun.instance).await;
                return ends::left_overs(&left, report);
            }
            messages::all(subject, &mut session, report).await?;
            load::all(subject, &begun, &mut session, report).await?;
            begun.session = Some(session);
        }
        start::silent(&begun, report)?;
        if subject.protocol == Protocol::Nodex {
            ends::second(subject, &world, &mut begun, SNAME, &mut left, report).await?;
        }
        ends::loss(subject, &world, begun, SNAME, &mut left, report).await?;
        ends::stdin(subject, &world, &mut left, report).await?;
        ends::sigterm(subject, &world, &mut left, report).await?;
        ends::refused(subject, &world, &mut left, report).await?;
    } else {
        left_out("there is no connection to make them over", report)?;
        left.clear_away(begun.instance).await;
    }
    ends::left_overs(&left, report)
}

/// There is nobody to ask.
fn left_out(why: &'static str, report: &mut Report) -> Result<(), Failure> {
    let check = Check { id: "all_others", name: "all other checks" };
    Ok(report.add(check, Verdict::Skip(why))?)
}
