//! The steps of the demo.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use nodex_core::{
    term,
    term::{Term, Text},
};
use nodex_host::{
    Cnode, Distributed, Events, UseEpmd, What,
    cnode::Subscription,
    distributed::random_cookie,
    process::{Exit, Stream},
};

use super::{Args, measure, node};
use crate::{
    failure::Failure,
    output::{Screen, duration},
};

/// Width of the column with the calls, and of the one with the answers.
const COLUMN: usize = 44;

pub(super) async fn run(args: Args, screen: Screen) -> Result<ExitCode, Failure> {
    let net = Distributed::builder("demo").cookie(random_cookie()?).epmd(UseEpmd::Embedded).up().await?;
    let name = |text| screen.err.head(format!("{text:<6}"));
    screen.talk(format_args!("{}embedded, on 127.0.0.1:{}", name("epmd"), net.epmd_port()));
    screen.talk(format_args!("{}{}, a hidden node in this program", name("host"), net.node().name()));

    let events = Events::new(1024);
    let mut happened = events.subscribe();
    let (cnode, shown) = start(args.exe, &events, &net).await?;
    let pid = cnode.pid().map(|pid| format!(", process {pid}")).unwrap_or_default();
    screen.talk(format_args!("{}{shown}{pid}", name("node")));
    drop(events);

    show_lines(screen, &mut happened).await?;
    show_calls(screen, &cnode).await?;
    measure::show(screen, &cnode, args.calls).await?;

    let asked = Instant::now();
    let exit = cnode.stop().await.unwrap_or(Exit::Unknown);
    let took = duration(asked.elapsed());
    screen.talk(format_args!("\n{}{exit}, {took} after it was asked to; nothing is left of it", name("end")));
    net.down().await;
    Ok(ExitCode::SUCCESS)
}

/// Starts the executable that was asked for, or the best that is there.
async fn start(exe: Option<PathBuf>, events: &Events, net: &Distributed) -> Result<(Cnode, String), Failure> {
    let this = env::current_exe()?;
    let example = this.with_file_name("examples").join("example_client");
    let (options, shown) = match exe {
        Some(exe) => (Cnode::builder(&exe), shown(&exe)),
        None if example.is_file() => (Cnode::builder(&example), shown(&example)),
        None => {
            let options = Cnode::builder(&this).leading_arg(node::COMMAND);
            (options, format!("{} {}", shown(&this), node::COMMAND))
        }
    };
    Ok((options.events(events).spawn(net).await?, shown))
}

/// A path as short as it is understood here.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// What the node printed up to its ready line.
async fn show_lines(screen: Screen, happened: &mut Subscription) -> Result<(), Failure> {
    screen.data(format_args!("\n{}", screen.out.head("the node says")))?;
    while let Some(event) = happened.next().await {
        match event.what {
            What::Line(line) if line.stream == Stream::Stdout => screen.data(format_args!("  {line}"))?,
            What::Line(line) => screen.data(format_args!("  {}", screen.out.bad(line)))?,
            What::Ready { after } => {
                screen.data(format_args!("  {}", screen.out.dim(format!("({} after its start)", duration(after)))))?;
            }
            What::Connected => break,
            _ => {}
        }
    }
    Ok(())
}

async fn show_calls(screen: Screen, cnode: &Cnode) -> Result<(), Failure> {
    let out = screen.out;
    screen.data(format_args!(
        "\n{:COLUMN$} {:COLUMN$} {:>8}",
        out.head("call"),
        out.head("answer"),
        out.head("time")
    ))?;
    for call in calls() {
        let asked = Instant::now();
        let answer: Term = cnode.call(&call).await?;
        let took = duration(asked.elapsed());
        let call = Text::of(&call).to_string();
        let answer = Text::of(&answer).max_len(COLUMN).to_string();
        let answer = if answer.starts_with("{error,") { out.bad(answer) } else { out.good(answer) };
        screen.data(format_args!("{call:COLUMN$} {answer:COLUMN$} {took:>8}"))?;
    }
    Ok(())
}

/// Terms of many kinds; the last is one that the node does not know.
fn calls() -> [Term; 5] {
    [
        term!({ping, <<"hello">>}),
        term!({ping, {order, 17, [tea, 2.5]}}),
        term!({ping, #{name => <<"Joe">>, tags => [1, 2, 3]}}),
        term!({ping, 123456789012345678901234567890_i128}),
        term!({no_such_function, 1}),
    ]
}
