//! The tables of `docs/performance.md`: written from the figures that are kept, so that none is copied by hand.

use std::fmt::Write;

use serde_json::Value;

use super::{numbers::Figures, text::digits};
use crate::parts::{beam, big, callers, fleet, growth, many, raw};

/// Where a table begins and ends on a page.
const BEGIN: &str = "<!-- table: ";
const END: &str = "<!-- end of table -->";

/// The text of a cell without a figure.
const NONE: &str = "-";

/// Puts the tables of these figures into a page, each between its marks. `bench` is what a report has written, `codec` what
/// the benchmark of the codec has.
///
/// # Errors
/// When there is a mark that is not closed, or of an unknown table.
pub fn with_tables(page: &str, bench: &Value, codec: &Value) -> Result<String, String> {
    let figures = Figures::new(bench);
    let (mut result, mut rest) = (String::new(), page);
    while let Some(start) = rest.find(BEGIN) {
        let (before, marked) = rest.split_at(start);
        let (mark, _) = marked.split_once('\n').ok_or("a mark of a table at the end of the page")?;
        let name = mark.trim_start_matches(BEGIN).trim_end_matches("-->").trim();
        let end = marked.find(END).ok_or_else(|| format!("the table {name} has no end"))?;
        let table = match name {
            "aims" => aims(&figures, codec),
            "codec" => terms(codec),
            "many callers" => many_callers(&figures),
            "big transfers" => big_transfers(&figures),
            _ => return Err(format!("{name} is no table")),
        };
        let _ = write!(result, "{before}{mark}\n{table}{END}");
        rest = &marked[end + END.len()..];
    }
    Ok(result + rest)
}

/// A row of a table.
fn row<S: AsRef<str>>(table: &mut String, cells: impl IntoIterator<Item = S>) {
    for cell in cells {
        // Writing to a string does not fail.
        let _ = write!(table, "| {} ", cell.as_ref().replace('|', "\\|"));
    }
    *table += "|\n";
}

fn head(names: &[String]) -> String {
    let mut table = String::new();
    row(&mut table, names);
    table + &"|---".repeat(names.len()) + "|\n"
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), digits)
}

/// `0.97 x C`, or how many times less.
fn ratio(value: Option<f64>, other: Option<f64>, name: &str) -> String {
    match value.zip(other).map(|(value, other)| value / other) {
        Some(ratio) if ratio >= 10.0 => format!("{} x {name}", digits(ratio)),
        Some(ratio) if ratio >= 0.1 => format!("{ratio:.3} x {name}"),
        Some(ratio) => format!("1/{:.0} of {name}", 1.0 / ratio),
        None => format!("{NONE} x {name}"),
    }
}

/// Aims and results. The nodes have the names that `scripts/bench` uses.
fn aims(figures: &Figures<'_>, codec: &Value) -> String {
    let mut table = head(&["what", "aim", "measured"].map(str::to_owned));
    // Against C and the floor, and the figure itself.
    let both = |work: &str, statistic: &str, row: &str, unit: &str| {
        let of = |node: &str| figures.best(work, row, node, statistic, None);
        let (value, c, floor) = (of("nodex"), of("C"), of("floor"));
        format!("{}, {} ({} {unit})", ratio(value, c, "C"), ratio(value, floor, "floor"), shown(value))
    };
    let small = raw::one_at_a_time_work(5, "one core");
    let mut add = |what: &str, aim: &str, measured: String| row(&mut table, [what, aim, &measured]);
    add(
        "one at a time, from a BEAM (cnode direct), one core",
        "at most 0.97 x C, 1.03 x floor",
        both(&beam::work(5, "one core"), "p50", "cnode direct", "µs"),
    );
    add("the same from a raw generator", "", both(&small, "p50", "", "µs"));
    add("saturated, small messages", "at least 30 x C, 0.5 x floor", both(raw::SATURATED, "value", "", "M/s"));
    add("processor time per message in that run", "at most 1/20 of C", both(raw::SATURATED_CPU, "value", "", "µs"));
    add("the same with mixed messages", "", both(raw::MIXED_CPU, "value", "", "µs"));
    let megabyte = raw::one_at_a_time_work(crate::load::round_trips::MEGABYTE, "one core");
    add(
        "1 MB, one at a time, from a raw generator, one core",
        "at most C, 1.1 x floor",
        both(&megabyte, "p50", "", "µs"),
    );
    add("start to ready line", "at most 1.5 x C", both(raw::START, "p50", "", "ms"));
    add("SIGTERM to the end of the process", "", both(raw::TERM, "p50", "", "ms"));
    add("peak memory", "at most 1.5 x C", both(raw::MEMORY, "value", "", "MB"));

    let one_core = callers::PLACES[1].0;
    let host = figures.best(&callers::times_work(one_core), "", "C", "p50", Some(1));
    let cnode = figures.best(&beam::work(5, "one core"), "cnode", "C", "p50", None);
    add(
        "a Rust host, one call at a time, into C, one core",
        "at most 0.7 x `Nodex.Cnode.call` of a BEAM",
        format!("{} ({} µs)", ratio(host, cnode, "that"), shown(host)),
    );
    for at in [64, 256] {
        let of = |(place, _): &(&str, _)| {
            let of = |node| shown(figures.best(&callers::calls_work(place), "", node, "value", Some(at)));
            format!("{place}: {} (into the floor {})", of("nodex"), of("floor"))
        };
        let aim = if at == 64 { "at least 1 M calls/s" } else { "" };
        let places: Vec<String> = callers::PLACES.iter().map(of).collect();
        add(&format!("a Rust host, {at} callers at once, into a Rust node, k calls/s"), aim, places.join("; "));
    }
    for (what, work) in [("handlers", growth::HANDLERS), ("connections", growth::CONNECTIONS)] {
        let work = format!("{work}, processor time");
        let of = |at| shown(figures.best(&work, "", "many", "value", Some(at)));
        let counts = growth::COUNTS.map(of).join(", ");
        add(&format!("processor time per message, 1 to 1,000 {what}"), "flat", format!("{counts} µs"));
    }
    let kinds = format!("{}, processor time", growth::KINDS);
    let kind = |row: &str| shown(figures.best(&kinds, row, "many", "value", None));
    add(
        "processor time per message, typed functions of two names",
        "",
        format!("mixed {} µs, all alike {} µs", kind("mixed"), kind("one kind")),
    );
    let fleet = |what: &str| shown(figures.any(&fleet::work(1000, what)));
    add(
        "1,000 supervised nodes, half in C",
        "ready within 20 s, 64 KiB of the host each; 100 killed are back within 3 s",
        format!(
            "{} s, {} KiB, {} s",
            fleet("all are ready"),
            fleet("memory of the host for each"),
            fleet("a tenth is killed at once and all are back")
        ),
    );
    for (rival, aim) in
        [("eetf", "decoding typed 5 x, dynamic 2 x, encoding 5 x"), ("erltf", "faster"), ("ei", ""), ("BEAM", "")]
    {
        let of = |side: &str, ours: &str| shown(codec["ratios"][side][ours][rival].as_f64());
        let sides = [("decode", "decoding"), ("encode", "encoding")]
            .map(|(side, name)| format!("{name} typed {}, dynamic {} x", of(side, "typed"), of(side, "dynamic")));
        add(&format!("codec against {rival}, 22 terms, geometric mean"), aim, sides.join("; "));
    }
    table
}

/// How many times as fast ours is, for each term.
fn terms(codec: &Value) -> String {
    const SIDES: [&str; 2] = ["decode", "encode"];
    const RIVALS: [&str; 4] = ["eetf", "erltf", "ei", "BEAM"];
    let mut names = vec!["term".to_owned(), "bytes".to_owned()];
    for side in ["decoding", "encoding"] {
        names.extend(["typed", "dynamic"].map(|ours| format!("{side}, {ours}: ns, and x {}", RIVALS.join(", "))));
    }
    let mut table = head(&names);
    for term in codec["terms"].as_array().into_iter().flatten() {
        let mut cells = vec![format!("`{}`", term["term"].as_str().unwrap_or(NONE)), term["bytes"].to_string()];
        for side in SIDES {
            for ours in ["typed", "dynamic"] {
                let time = term[side][ours].as_f64();
                let against =
                    |rival: &str| shown(time.zip(term[side][rival].as_f64()).map(|(time, theirs)| theirs / time));
                cells.push(format!("{}: {}", shown(time), RIVALS.map(against).join(", ")));
            }
        }
        row(&mut table, &cells);
    }
    table
}

/// A block for each place, a line for each form and number of callers.
fn many_callers(figures: &Figures<'_>) -> String {
    let mut table = String::new();
    for place in many::places() {
        let work = many::calls_work(place);
        let nodes = figures.nodes(&work);
        let _ = writeln!(table, "\n{}{}:\n", place[..1].to_uppercase(), &place[1..]);
        let names = ["how", "callers"].into_iter().chain(nodes.iter().copied());
        table += &head(&names.map(str::to_owned).collect::<Vec<_>>());
        for (_, form) in many::FORMS {
            for callers in many::COUNTS {
                let of = |node: &&str| {
                    let of = |work: &str, statistic| figures.median(work, form, node, statistic, Some(callers));
                    let rate = of(&work, "value")?;
                    let cpu = |side| shown(of(&many::cpu_work(place, side), "value"));
                    let time = |rank| shown(of(&many::times_work(place), rank));
                    Some(format!(
                        "{} ({}, {}; {}, {})",
                        digits(rate),
                        cpu("caller"),
                        cpu("node"),
                        time("p50"),
                        time("p99")
                    ))
                };
                let cells = nodes.iter().map(|node| of(node).unwrap_or_else(|| NONE.to_owned()));
                row(&mut table, [form.to_owned(), callers.to_string()].into_iter().chain(cells));
            }
        }
    }
    table + "\n"
}

/// A line for each speed, way and number of transfers.
fn big_transfers(figures: &Figures<'_>) -> String {
    let works: Vec<&str> = figures.works().filter(|work| big::is_times_work(work)).collect();
    let nodes = works.first().map(|work| figures.nodes(work)).unwrap_or_default();
    let names = ["what", "BEAM", "transfers"].into_iter().chain(nodes.iter().copied());
    let mut table = head(&names.map(str::to_owned).collect::<Vec<_>>());
    for work in works {
        for release in figures.rows(work) {
            for transfers in big::TRANSFERS {
                let of = |node: &&str| {
                    let of = |statistic| figures.median(work, release, node, statistic, Some(transfers));
                    Some(format!("{}, {}, {}", digits(of("p50")?), shown(of("p99")), shown(of("max"))))
                };
                let cells = nodes.iter().map(|node| of(node).unwrap_or_else(|| NONE.to_owned()));
                let what = work.replace(", by transfers", "").replace("small calls beside transfers of ", "");
                row(&mut table, [what, release.to_owned(), transfers.to_string()].into_iter().chain(cells));
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn figure(work: &str, row: &str, node: &str, statistic: &str, at: Option<u64>, best: f64) -> Value {
        json!({"work": work, "row": row, "node": node, "statistic": statistic, "at": at, "best": best, "median": best})
    }

    #[test]
    fn tables_are_made_anew_and_all_else_stays() {
        let calls = many::calls_work("a core for each side");
        let big = big::times_work(1_000_000, "to", "at full speed");
        let bench = json!({"figures": [
            figure(raw::SATURATED, "", "C", "value", None, 0.5),
            figure(raw::SATURATED, "", "nodex", "value", None, 20.0),
            figure(raw::SATURATED_CPU, "", "C", "value", None, 3.0),
            figure(raw::SATURATED_CPU, "", "nodex", "value", None, 0.05),
            figure(&calls, "plain", "C", "value", Some(64), 120.0),
            figure(&big, "OTP 25", "C", "p50", Some(5), 7.0),
            figure(&big, "OTP 25", "C", "max", Some(5), 9.0),
        ]});
        let codec = json!({"terms": [{"term": "ping", "bytes": 18, "decode": {"typed": 50.0, "eetf": 100.0}}]});
        let mut page = "before\n".to_owned();
        for name in ["aims", "codec", "many callers", "big transfers"] {
            let _ = write!(page, "{BEGIN}{name} -->\nold\n{END}\nbetween\n");
        }
        let made = with_tables(&page, &bench, &codec).expect("a page");
        for part in [
            "before\n",
            "| saturated, small messages | at least 30 x C, 0.5 x floor | 40.0 x C, - x floor (20.0 M/s) |",
            "1/60 of C",
            "| `ping` | 18 | 50.0: 2.00, -, -, - | -: -, -, -, - |",
            "| plain | 64 | 120 (-, -; -, -) |",
            "| 1 MB to the node, at full speed | OTP 25 | 5 | 7.00, -, 9.00 |",
            "between\n",
        ] {
            assert!(made.contains(part), "{part}\n{made}");
        }
        assert!(!made.contains("old"), "{made}");
        assert_eq!(with_tables(&made, &bench, &codec).expect("a page"), made);
    }

    #[test]
    fn unknown_tables_are_errors() {
        for page in ["<!-- table: cats -->\n<!-- end of table -->", "<!-- table: aims -->\n", "<!-- table: aims -->"] {
            assert!(with_tables(page, &json!({}), &json!({})).is_err(), "{page}");
        }
    }
}
