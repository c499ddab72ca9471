//! The pictures of a report.

use super::chart::{Bar, Picture, Series};
use crate::{
    figures::{
        report::Report,
        subject::{Figures, Unit},
    },
    options::Executable,
    parts::{beam, big, callers, growth, many, raw},
};

/// A picture, as a file or inside a page.
pub(crate) struct Named {
    /// Of the file, without `.svg`.
    pub(crate) name: &'static str,
    pub(crate) svg: String,
}

/// Those that there are figures for.
pub(crate) fn all(report: &Report) -> Vec<Named> {
    let named = |(name, picture, title): (&'static str, Option<Picture>, &str)| {
        picture.map(|picture| Named { name, svg: picture.svg(title) })
    };
    [
        ("latency", latency(report), "Latency of one message at a time"),
        ("throughput", throughput(report), "Throughput by size"),
        ("scaling", scaling(report), "Callers, handlers and connections"),
        ("memory", memory(report), "Memory and time to start"),
        ("many", many_callers(report), "Many callers of a BEAM"),
        ("big", beside_big(report), "Small calls beside big transfers"),
    ]
    .into_iter()
    .filter_map(named)
    .collect()
}

fn colour(report: &Report, node: &str) -> usize {
    let position = |is: &dyn Fn(&Executable) -> bool| report.nodes.iter().position(is);
    let known = position(&|known| known.name == node);
    // A remote BEAM has the colour of a BEAM that is called otherwise; what is no node of the list has the last one.
    known.or_else(|| position(&|known| node == many::BEAM && known.one_caller)).unwrap_or(7)
}

/// The nodes that have figures of this work, in this row.
fn measured<'a>(report: &'a Report, work: &'a str, row: &'a str) -> Vec<&'a str> {
    let mut nodes: Vec<&str> = Vec::new();
    let of_work = report.figures.iter().map(|figures| &figures.subject);
    for subject in of_work.filter(|subject| subject.work == work && subject.row == row) {
        if !nodes.contains(&subject.node.as_str()) {
            nodes.push(&subject.node);
        }
    }
    nodes.sort_by_key(|node| colour(report, node));
    nodes
}

fn many_callers(report: &Report) -> Option<Picture> {
    let mut picture = Picture::new();
    let mut empty = true;
    for place in many::places() {
        for (_, row) in many::FORMS {
            let work = many::calls_work(place);
            let line = |node: &str| {
                let figures = report.of(&work, "value", node).filter(|figures| figures.subject.row == row);
                let points = figures.filter_map(|figures| Some((figures.subject.at? as f64, figures.summary()[1])));
                Series { label: node.to_owned(), colour: colour(report, node), points: points.collect() }
            };
            let lines: Vec<Series> = measured(report, &work, row).into_iter().map(line).collect();
            if !lines.is_empty() {
                empty = false;
                let what = if row == "plain" { "{ping, <<\"hello\">>}, plain" } else { "the same by GenServer.call" };
                picture.lines(
                    &format!("A BEAM calls {what}: {place}"),
                    "thousands of calls per second, by the number of processes that call at once; both axes logarithmic",
                    &lines,
                );
            }
        }
    }
    (!empty).then_some(picture)
}

fn beside_big(report: &Report) -> Option<Picture> {
    let mut picture = Picture::new();
    let most = big::TRANSFERS.into_iter().max();
    let mut empty = true;
    for work in report.works().into_iter().filter(|work| big::is_times_work(work)) {
        let bar = |figures: &Figures| {
            let subject = &figures.subject;
            let mut all = report.of(work, "p99", &subject.node);
            let p99 = all.find(|p99| p99.subject.row == subject.row && p99.subject.at == subject.at);
            Bar {
                label: subject.node.clone(),
                colour: colour(report, &subject.node),
                value: figures.summary()[1],
                whisker: p99.map(|p99| p99.summary()[1]),
            }
        };
        let first = report.figures.iter().map(|figures| &figures.subject).find(|subject| subject.work == work);
        let row = first.map_or("", |subject| &subject.row);
        let of_work = report.figures.iter().filter(|Figures { subject, .. }| {
            subject.work == work && subject.at == most && subject.statistic == "p50" && subject.row == row
        });
        let bars: Vec<Bar> = of_work.map(bar).collect();
        if !bars.is_empty() {
            empty = false;
            let title = work.replace(", by transfers", "");
            let title = title.replace("beside", &format!("beside {}", most.unwrap_or_default()));
            picture.bars(
                &format!("{}{}", title[..1].to_uppercase(), &title[1..]),
                &format!("one call of a BEAM ({row}), each 2 ms; p50 of the median round; the thin line ends at p99"),
                "ms",
                true,
                &bars,
            );
        }
    }
    (!empty).then_some(picture)
}

/// Returns a bar for each node that has this figure: the median of the rounds.
fn bars(report: &Report, work: &str, statistic: &str, whisker: Option<&str>) -> Vec<Bar> {
    let median = |node: &str, statistic| report.of(work, statistic, node).next().map(|figures| figures.summary()[1]);
    let bar = |(colour, node): (usize, &Executable)| {
        let value = median(&node.name, statistic)?;
        let whisker = whisker.and_then(|statistic| median(&node.name, statistic));
        Some(Bar { label: node.name.clone(), colour, value, whisker })
    };
    report.nodes.iter().enumerate().filter_map(bar).collect()
}

fn latency(report: &Report) -> Option<Picture> {
    let mut picture = Picture::new();
    let raw = bars(report, &raw::one_at_a_time_work(5, "one core"), "p50", Some("p99"));
    if raw.is_empty() {
        return None;
    }
    picture.bars(
        "A raw generator calls: {ping, <<\"hello\">>}, one at a time",
        "round trip, p50 of the median round; the thin line ends at p99; all on one core",
        "µs",
        true,
        &raw,
    );
    let work = beam::work(5, "one core");
    let is_direct = |figures: &&Figures| {
        let subject = &figures.subject;
        subject.work == work
            && subject.statistic == "p50"
            && (subject.row == "cnode direct" || subject.row == "remote" || subject.row == "local")
    };
    let bar = |figures: &Figures| {
        let subject = &figures.subject;
        let label = match subject.node.is_empty() {
            true => format!("{} BEAM", subject.row),
            false => subject.node.clone(),
        };
        let p99 = report.of(&work, "p99", &subject.node).find(|other| other.subject.row == subject.row);
        let whisker = p99.map(|p99| p99.summary()[1]);
        let colour = colour(report, &subject.node);
        Bar { label, colour, value: figures.summary()[1], whisker }
    };
    let beam: Vec<Bar> = report.figures.iter().filter(is_direct).map(bar).collect();
    if !beam.is_empty() {
        picture.bars(
            "A BEAM calls: the same message, sent and received by an Erlang process",
            "round trip as above; in the local and the remote BEAM a gen_server answers",
            "µs",
            true,
            &beam,
        );
    }
    Some(picture)
}

/// Returns a line for each node: the median of the rounds.
fn series(report: &Report, work: &str, statistic: &str) -> Vec<Series> {
    let of_node = |(colour, name): (usize, &str)| {
        let point = |figures: &Figures| Some((figures.subject.at? as f64, figures.summary()[1]));
        let points: Vec<_> = report.of(work, statistic, name).filter_map(point).collect();
        (!points.is_empty()).then(|| Series { label: name.to_owned(), colour, points })
    };
    let nodes = report.nodes.iter().map(|node| node.name.as_str());
    nodes.enumerate().filter_map(of_node).collect()
}

/// Each in parts of the first one.
fn compared(mut all: Vec<Series>) -> Vec<Series> {
    let first = all.first().map(|series| series.points.clone()).unwrap_or_default();
    for series in &mut all {
        let part = |(x, y): &(f64, f64)| Some((*x, y / first.iter().find(|(at, _)| at == x)?.1));
        series.points = series.points.iter().filter_map(part).collect();
    }
    all
}

fn throughput(report: &Report) -> Option<Picture> {
    let mut picture = Picture::new();
    let saturated = bars(report, raw::SATURATED, "value", None);
    if saturated.is_empty() {
        return None;
    }
    let unit = Unit::MillionsPerSecond.name();
    picture.bars(
        "As many small messages as a node can take, all alike",
        "{ping, <<\"hello\">>} from one process to one name, 6,400 in flight over one connection",
        unit,
        false,
        &saturated,
    );
    let mixed = bars(report, raw::MIXED, "value", None);
    if !mixed.is_empty() {
        picture.bars(
            "The same with mixed messages",
            "{ping, Term} with 16 kinds of terms from 64 processes to two names, in random order",
            unit,
            false,
            &mixed,
        );
    }
    let first = report.nodes.first().map_or("", |node| &node.name);
    picture.lines(
        &format!("Binaries of 5 B to 64 MB, one at a time, compared with {first}"),
        &format!("2 is twice as many MB/s as {first}; by the size in bytes; both axes logarithmic"),
        &compared(series(report, raw::PAYLOAD_RATE, "value")),
    );
    Some(picture)
}

fn scaling(report: &Report) -> Option<Picture> {
    let mut picture = Picture::new();
    let mut empty = true;
    for place in ["all on one core", "a thread for each core"] {
        let callers = series(report, &callers::calls_work(place), "value");
        if callers.is_empty() {
            continue;
        }
        empty = false;
        picture.lines(
            &format!("A Rust host calls {{ping, <<\"hello\">>}}: {place}"),
            "thousands of calls per second, by the number of tasks that call at once; both axes logarithmic",
            &callers,
        );
    }
    let growth = |work: &str, label: &str, colour| {
        let point = |figures: &Figures| Some((figures.subject.at? as f64, figures.summary()[1]));
        let figures = report.figures.iter().filter(|figures| figures.subject.work == work);
        Series { label: label.to_owned(), colour, points: figures.filter_map(point).collect() }
    };
    let all = [
        growth(&format!("{}, processor time", growth::CONNECTIONS), "connections", 3),
        growth(&format!("{}, processor time", growth::HANDLERS), "handlers", 2),
    ];
    if all.iter().all(|series| !series.points.is_empty()) {
        empty = false;
        picture.lines(
            "What a message costs a node that has more: flat is good",
            "µs of processor time, by the number of handlers (saturated) and of connections (one at a time)",
            &all,
        );
    }
    (!empty).then_some(picture)
}

fn memory(report: &Report) -> Option<Picture> {
    let mut picture = Picture::new();
    let memory = bars(report, raw::MEMORY, "value", None);
    if memory.is_empty() {
        return None;
    }
    picture.bars(
        "Peak resident memory",
        "after all small messages, 1 MB messages and the saturated run",
        Unit::Megabytes.name(),
        true,
        &memory,
    );
    picture.bars(
        "From the start of the process to its ready line",
        "epmd, connection and handshake included; p50 of the median round",
        Unit::Milliseconds.name(),
        true,
        &bars(report, raw::START, "p50", None),
    );
    Some(picture)
}
