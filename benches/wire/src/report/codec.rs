//! What the benchmark of the codec (`nodex-proto/benches/codec`) has written, as part of the report. It has run at another
//! time: its date and commit go with it.

use std::fmt::Write;

use serde_json::Value;

use super::text::{digits, escaped};

type Numbers<'a> = Vec<(&'a str, f64)>;

/// The sides of a codec, and what their tables are called.
const SIDES: [(&str, &str); 2] = [("decode", "Decoding"), ("encode", "Encoding")];

/// When, and of what.
fn origin(codec: &Value) -> String {
    let about = |name: &str| codec["about"][name].as_str().unwrap_or("unknown");
    format!("{}, commit {}", about("date"), about("commit"))
}

fn numbers(object: &Value) -> Numbers<'_> {
    let all = object.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?))).collect()
}

/// Returns how many times as fast ours is, over all terms.
pub(crate) fn table(codec: &Value) -> String {
    let mut table = format!("\nthe codec ({}): how many times as fast, over all terms\n", origin(codec));
    for (side, _) in SIDES {
        for ours in ["typed", "dynamic"] {
            for (rival, ratio) in numbers(&codec["ratios"][side][ours]) {
                // Writing to a string does not fail.
                let _ = writeln!(table, "  {:<34}{:>10}", format!("{side} {ours} : {rival}"), digits(ratio));
            }
        }
    }
    table
}

/// Returns a table for each side, with a row for each term.
pub(crate) fn html(codec: &Value) -> String {
    let mut html = format!("<h2>The codec</h2><p>{}. Nanoseconds for each term.</p>", escaped(&origin(codec)));
    let terms = codec["terms"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (side, title) in SIDES {
        let names: Vec<&str> =
            terms.first().map(|term| numbers(&term[side])).into_iter().flatten().map(|(name, _)| name).collect();
        let heads: String = names.iter().map(|name| format!("<th>{}</th>", escaped(name))).collect();
        let mut rows = String::new();
        for term in terms {
            let cells = names.iter().map(|name| term[side][name].as_f64().map(digits).unwrap_or_default());
            let cells: String = cells.map(|cell| format!("<td>{cell}</td>")).collect();
            let (name, bytes) = (term["term"].as_str().unwrap_or_default(), &term["bytes"]);
            let name = escaped(name);
            let _ = write!(rows, "<tr class=\"b\"><th scope=\"row\" class=\"n\">{name}, {bytes} B</th>{cells}</tr>");
        }
        let _ = writeln!(
            html,
            "<div class=\"card\"><table><caption>{title}</caption><thead><tr><th class=\"n\"></th>{heads}</tr></thead>\
             <tbody>{rows}</tbody></table></div>"
        );
    }
    html
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn terms_are_rows_and_rivals_columns() {
        let codec = json!({
            "about": {"date": "today", "commit": "abc"},
            "ratios": {"decode": {"typed": {"eetf": 3.5}}},
            "terms": [{"term": "a<b", "bytes": 18, "decode": {"typed": 100.5, "eetf": 225.0}, "encode": {"typed": 50}}],
        });
        let html = super::html(&codec);
        for part in ["today, commit abc", "a&lt;b, 18 B", "<th>eetf</th>", "<td>225</td>", "<td>50.0</td>"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let table = super::table(&codec);
        assert!(table.contains("decode typed : eetf") && table.contains("3.50"), "{table}");
    }

    #[test]
    fn what_is_not_there_is_no_row() {
        for codec in [json!({}), json!([1]), json!({"terms": [3, {"decode": 4}]})] {
            assert!(super::html(&codec).contains("unknown") && super::table(&codec).contains("unknown"));
        }
    }
}
