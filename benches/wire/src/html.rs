//! The report as one page that needs nothing else.

use std::fmt::Write;

use crate::{
    chart::escaped,
    pictures::Named,
    report::{COLUMNS, Report},
};

const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#1c2330;--dim:#5b6472;--rule:#e3e6ea}\
@media(prefers-color-scheme:dark){:root{--page:#090c11;--card:#0f141b;--ink:#e8ebf0;--dim:#9aa4b2;--rule:#2a313b}}\
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}\
main{max-width:900px;margin:0 auto;padding:32px 20px 80px}h1{font-size:26px;margin:0 0 12px}\
h2{font-size:18px;margin:40px 0 8px}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0}\
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}svg{display:block;max-width:100%;height:auto;margin:20px 0}\
.card{background:var(--card);border-radius:8px;padding:14px 20px;margin:20px 0;overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}\
caption{text-align:left;font-weight:600;padding-bottom:6px}th{font-weight:400;color:var(--dim)}\
th,td{text-align:right;padding:3px 8px;border-top:1px solid var(--rule);white-space:nowrap}\
thead th{border-top:0}th:first-child{text-align:left;color:var(--ink);width:45%}";

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
        page += &picture.svg;
    }
    let first = report.nodes.first().map_or("", |node| &node.name);
    let _ = writeln!(
        page,
        "<h2>All figures</h2><p>Of {} rounds: the best, the median and the worst, which are p50 of a round where there \
         are many times in it. p99 and p99.9 are those of the median round. x compares the best round with the best of \
         {}.</p>",
        report.rounds,
        escaped(first)
    );
    for work in report.works() {
        table(report, work, &mut page);
    }
    page + "</main></body></html>\n"
}

fn table(report: &Report, work: &str, page: &mut String) {
    let lines = report.lines(work);
    let Some(unit) = lines.first().map(|line| line.figures.subject.unit.name()) else { return };
    let heads: String = COLUMNS.iter().map(|name| format!("<th>{name}</th>")).collect();
    let caption = format!("{work} [{unit}]").replace("[us]", "[µs]");
    let _ = write!(
        page,
        "<div class=\"card\"><table><caption>{}</caption><thead><tr><th></th>{heads}</tr></thead><tbody>",
        escaped(&caption)
    );
    for line in &lines {
        let cells: String = line.columns().iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        let label = line.figures.subject.label();
        let _ = write!(page, "<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(label.trim()));
    }
    *page += "</tbody></table></div>\n";
}
