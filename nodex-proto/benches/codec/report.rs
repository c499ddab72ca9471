//! The figures, as a table and as JSON.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, time::SystemTime};

use serde_json::{Map, Value, json};

/// Nanoseconds by way and subject, such as `decode eetf`.
#[derive(Default)]
struct Figures {
    bytes: usize,
    nanoseconds: BTreeMap<String, f64>,
}

#[derive(Default)]
pub(crate) struct Report {
    terms: Vec<(String, Figures)>,
    left_out: Vec<String>,
}

/// The columns of times, with what each is called in the figures.
const DECODED: [&str; 9] = ["typed", "dynamic", "eetf", "erltf", "ei", "BEAM", "clone", "typed clone", "skip"];
const ENCODED: [&str; 6] = ["typed", "dynamic", "eetf", "erltf", "ei", "BEAM"];
const OURS: [&str; 2] = ["typed", "dynamic"];
const OTHERS: [&str; 4] = ["eetf", "erltf", "ei", "BEAM"];

/// Criterion's best samples for a term, by the names of its functions, as far as they are of this run.
pub(crate) fn measured(folder: &Path, since: SystemTime) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.path().join("new/sample.json");
        let changed = fs::metadata(&file).and_then(|metadata| metadata.modified());
        if !changed.is_ok_and(|changed| changed >= since) {
            continue;
        }
        let sample: Option<Value> = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(best) = sample.as_ref().and_then(best) {
            found.push((entry.file_name().to_string_lossy().into_owned(), best));
        }
    }
    found
}

/// The least nanoseconds for one call: criterion writes how many calls each of its samples made, and how long they took.
fn best(sample: &Value) -> Option<f64> {
    let numbers = |name: &str| sample[name].as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
    let (calls, nanoseconds) = (numbers("iters")?, numbers("times")?);
    nanoseconds.iter().zip(&calls).map(|(nanoseconds, calls)| nanoseconds / calls).min_by(f64::total_cmp)
}

impl Report {
    pub(crate) fn term(&mut self, name: &str, bytes: usize) {
        self.terms.push((name.to_owned(), Figures { bytes, ..Figures::default() }));
    }

    pub(crate) fn figure(&mut self, name: &str, what: &str, nanoseconds: f64) {
        if let Some((_, figures)) = self.terms.iter_mut().find(|(term, _)| term == name) {
            figures.nanoseconds.insert(what.to_owned(), nanoseconds);
        }
    }

    pub(crate) fn left_out(&mut self, who: &str, why: &str) {
        println!("left out: {who}: {why}");
        self.left_out.push(format!("{who}: {why}"));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.terms.iter().all(|(_, figures)| figures.nanoseconds.is_empty())
    }

    pub(crate) fn table(&self, about: &[(String, String)]) -> String {
        let mut text = String::new();
        for (name, value) in about {
            writeln!(text, "{name}: {value}").unwrap();
        }
        for left_out in &self.left_out {
            writeln!(text, "left out: {left_out}").unwrap();
        }
        for (way, title, columns) in [("decode", "Decoding", &DECODED[..]), ("encode", "Encoding", &ENCODED)] {
            self.times(&mut text, way, title, columns);
            self.ratios(&mut text, way, title);
        }
        text
    }

    fn times(&self, text: &mut String, way: &str, title: &str, columns: &[&str]) {
        write!(text, "\n{title}, ns\n{:<14} {:>7}", "term", "bytes").unwrap();
        for column in columns {
            write!(text, " {column:>11}").unwrap();
        }
        for (name, figures) in &self.terms {
            write!(text, "\n{name:<14} {:>7}", figures.bytes).unwrap();
            for column in columns {
                match figures.of(way, column) {
                    Some(figure) if figure < 1000.0 => write!(text, " {figure:>11.1}").unwrap(),
                    Some(figure) => write!(text, " {figure:>11.0}").unwrap(),
                    None => write!(text, " {:>11}", "-").unwrap(),
                }
            }
        }
        text.push('\n');
    }

    /// How many times as fast we are: the others' times divided by ours.
    fn ratios(&self, text: &mut String, way: &str, title: &str) {
        writeln!(text, "\n{title}, time of the other divided by ours").unwrap();
        write!(text, "{:<14}", "").unwrap();
        for ours in OURS {
            write!(text, " | {ours:<31}").unwrap();
        }
        write!(text, "\n{:<14}", "term").unwrap();
        let heads = OTHERS.map(|other| format!("{other:>7}")).join(" ");
        write!(text, " | {heads} | {heads}").unwrap();
        let mut line = |name: &str, ratio: &dyn Fn(&str, &str) -> Option<f64>| {
            write!(text, "\n{name:<14}").unwrap();
            for ours in OURS {
                text.push_str(" |");
                for other in OTHERS {
                    let ratio = ratio(ours, other).map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
                    write!(text, " {ratio:>7}").unwrap();
                }
            }
        };
        for (name, figures) in &self.terms {
            line(name, &|ours, other| figures.ratio(way, ours, other));
        }
        line("geometric mean", &|ours, other| self.mean(way, ours, other));
        text.push('\n');
    }

    /// The geometric mean over all terms of which both figures are there.
    fn mean(&self, way: &str, ours: &str, other: &str) -> Option<f64> {
        let all: Vec<f64> = self.terms.iter().filter_map(|(_, figures)| figures.ratio(way, ours, other)).collect();
        (!all.is_empty()).then(|| (all.iter().map(|ratio| ratio.ln()).sum::<f64>() / all.len() as f64).exp())
    }

    /// `{"about": {..}, "left_out": [..], "unit": "ns", "terms": [{"term", "bytes", "decode": {..}, "encode": {..}}], "ratios":
    /// {"decode": {"typed": {"eetf": ..}}}}`, the ratios being the geometric means of the table.
    pub(crate) fn json(&self, about: &[(String, String)]) -> String {
        let about: Map<String, Value> =
            about.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
        let times = |figures: &Figures, way: &str, columns: &[&str]| -> Map<String, Value> {
            columns.iter().map(|column| ((*column).to_owned(), json!(figures.of(way, column)))).collect()
        };
        let terms = self.terms.iter().map(|(name, figures)| {
            json!({
                "term": name,
                "bytes": figures.bytes,
                "decode": times(figures, "decode", &DECODED),
                "encode": times(figures, "encode", &ENCODED),
            })
        });
        let means = |way: &str| -> Map<String, Value> {
            let of = |ours: &str| -> Map<String, Value> {
                OTHERS.iter().map(|other| ((*other).to_owned(), json!(self.mean(way, ours, other)))).collect()
            };
            OURS.iter().map(|ours| ((*ours).to_owned(), of(ours).into())).collect()
        };
        let document = json!({
            "about": about,
            "left_out": self.left_out,
            "unit": "ns",
            "terms": terms.collect::<Vec<_>>(),
            "ratios": { "decode": means("decode"), "encode": means("encode") },
        });
        format!("{document:#}\n")
    }
}

impl Figures {
    fn of(&self, way: &str, who: &str) -> Option<f64> {
        self.nanoseconds.get(&format!("{way} {who}")).copied()
    }

    fn ratio(&self, way: &str, ours: &str, other: &str) -> Option<f64> {
        Some(self.of(way, other)? / self.of(way, ours)?)
    }
}
