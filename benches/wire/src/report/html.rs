//! The report as one page without other files.

use std::fmt::Write;

use super::{
    codec,
    pictures::Named,
    table::COLUMNS,
    text::{digits, escaped},
};
use crate::figures::report::Report;

const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#1c2330;--dim:#5b6472;--rule:#e3e6ea}\
@media(prefers-color-scheme:dark){:root{--page:#090c11;--card:#0f141b;--ink:#e8ebf0;--dim:#9aa4b2;--rule:#2a313b}}\
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}\
main{max-width:960px;margin:0 auto;padding:32px 20px 80px}h1{font-size:26px;margin:0 0 12px}\
h2{font-size:18px;margin:40px 0 8px}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0}\
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}figure{margin:20px 0;overflow-x:auto;border-radius:8px}\
svg{display:block;width:100%;min-width:500px;height:auto}ul{margin:4px 0;padding-left:20px}\
.card{background:var(--card);border-radius:8px;padding:14px 20px;margin:20px 0;overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}\
caption{text-align:left;font-weight:600;padding-bottom:6px}th{font-weight:400;color:var(--dim)}\
th,td{text-align:right;padding:3px 8px;white-space:nowrap}tr.b>*{border-top:1px solid var(--rule)}\
th.n{text-align:left;color:var(--ink);position:sticky;left:0;background:var(--card);white-space:normal;min-width:210px}td.n{text-align:left;color:var(--dim)}th.w{width:40%}\
@media(max-width:600px){main{padding:16px 10px 60px}.card{padding:12px}dl{display:block}dt{margin-top:6px}\
th.n{min-width:130px}th,td{padding:3px 6px}}";

pub(crate) fn page(report: &Report, pictures: &[Named]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Benchmark of nodes</title><style>{STYLE}</style></head><body><main>\n\
         <h1>Benchmark of nodes</h1>\n<div class=\"card\"><dl>"
    );
    // Writing to a string does not fail.
    for (name, text) in report.about.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = write!(page, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(text));
    }
    let _ = writeln!(page, "<dt>rounds</dt><dd>{}</dd></dl></div>", report.rounds);
    for (what, list) in [("Left out", &report.left_out), ("Could not be measured", &report.failures)] {
        if !list.is_empty() {
            let items: String = list.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
            let _ = writeln!(page, "<div class=\"card\"><b>{what}</b><ul>{items}</ul></div>");
        }
    }
    for picture in pictures {
        let _ = write!(page, "<figure>{}</figure>", picture.svg);
    }
    let first = report.nodes.first().map_or("", |node| &node.name);
    summary(report, &mut page);
    let _ = writeln!(
        page,
        "<h2>All figures</h2><p>Of {} rounds: the best, the median and the worst, which are p50 of a round where there \
         are many times in it. p99, p99.9 and max are those of the median round. x compares the best round with the best of \
         {}.</p>",
        report.rounds,
        escaped(first)
    );
    for work in report.works() {
        table(report, work, &mut page);
    }
    if let Some(codec) = &report.codec {
        page += &codec::html(codec);
    }
    page + "</main></body></html>\n"
}

/// The best round of all works that have one figure for each node, side by side.
fn summary(report: &Report, page: &mut String) {
    let heads: String = report.nodes.iter().map(|node| format!("<th>{}</th>", escaped(&node.name))).collect();
    let mut rows = String::new();
    for work in report.works() {
        let lines = report.lines(work);
        let places =
            [("", None, ""), ("cnode direct", None, ", cnode direct"), ("", Some(1), ": 1"), ("", Some(64), ": 64")];
        for (row, at, more) in places {
            // Of all works with many sizes or numbers only this one is here.
            if at.is_some() && !work.starts_with("calls from") {
                continue;
            }
            let of = |name: &str| {
                lines.iter().map(|line| line.figures).find(|figures| {
                    let subject = &figures.subject;
                    subject.at == at && subject.row == row && subject.node == name
                })
            };
            let cells: Vec<_> = report.nodes.iter().map(|node| of(&node.name)).collect();
            let Some(unit) = cells.iter().flatten().map(|figures| figures.subject.unit.name()).next() else { continue };
            let name = format!("{work}{more} [{unit}]").replace("[us]", "[µs]");
            let cells = cells.iter().map(|cell| cell.map(|figures| digits(figures.summary()[0])).unwrap_or_default());
            let cells: String = cells.map(|cell| format!("<td>{cell}</td>")).collect();
            let _ = write!(rows, "<tr class=\"b\"><th scope=\"row\" class=\"n\">{}</th>{cells}</tr>", escaped(&name));
        }
    }
    if !rows.is_empty() {
        let _ = writeln!(
            page,
            "<h2>Side by side</h2><p>The best round of each.</p><div class=\"card\"><table><thead><tr><th \
             class=\"n w\"></th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        );
    }
}

fn table(report: &Report, work: &str, page: &mut String) {
    let lines = report.lines(work);
    let Some(unit) = lines.first().map(|line| line.figures.subject.unit.name()) else { return };
    let heads: String = COLUMNS.iter().map(|name| format!("<th>{name}</th>")).collect();
    let caption = format!("{work} [{unit}]").replace("[us]", "[µs]");
    let _ = write!(
        page,
        "<div class=\"card\"><table><caption>{}</caption><thead><tr><th class=\"n w\"></th>{heads}</tr></thead><tbody>",
        escaped(&caption)
    );
    let mut before = None;
    for line in &lines {
        let cells: String = line.columns().iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        let subject = &line.figures.subject;
        let label = escaped(format!("{} {}", subject.row, subject.node).trim());
        // A line above the first of each size or number, and above all where there is none.
        let begins = subject.at.is_none() || before != Some(subject.at);
        if let (true, Some(at)) = (begins, subject.at) {
            let at = grouped(at);
            let _ = write!(page, "<tr class=\"b\"><td class=\"n\" colspan=\"{}\">{at}</td></tr>", COLUMNS.len() + 1);
        }
        before = Some(subject.at);
        let class = if subject.at.is_none() { " class=\"b\"" } else { "" };
        let _ = write!(page, "<tr{class}><th scope=\"row\" class=\"n\">{label}</th>{cells}</tr>");
    }
    *page += "</tbody></table></div>\n";
}

/// Thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(5, "5"), (100, "100"), (1000, "1,000"), (64_000_000, "64,000,000")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
