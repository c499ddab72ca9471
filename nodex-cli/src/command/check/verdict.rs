//! What a check found, and the list of all that was found.

use std::{
    io,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::output::{Progress, Screen};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as it should be; a word about it, or nothing.
    Pass(String),
    /// It works, but somebody will notice: what was found, and what that means.
    Warn(String, &'static str),
    /// It does not work: what was found, and what that means.
    Fail(String, &'static str),
    /// It could not be tried, and why.
    Skip(&'static str),
}

impl Verdict {
    pub(crate) fn pass() -> Verdict {
        Verdict::Pass(String::new())
    }

    pub(crate) fn warn(found: impl Into<String>, means: &'static str) -> Verdict {
        Verdict::Warn(found.into(), means)
    }

    pub(crate) fn fail(found: impl Into<String>, means: &'static str) -> Verdict {
        Verdict::Fail(found.into(), means)
    }

    fn word(&self) -> &'static str {
        match self {
            Verdict::Pass(_) => "PASS",
            Verdict::Warn(..) => "WARN",
            Verdict::Fail(..) => "FAIL",
            Verdict::Skip(_) => "SKIP",
        }
    }

    fn note(&self) -> String {
        match self {
            Verdict::Pass(note) => note.clone(),
            Verdict::Warn(found, means) | Verdict::Fail(found, means) => format!("{found}: {means}"),
            Verdict::Skip(why) => (*why).to_owned(),
        }
    }
}

/// A thing to check: what it is called, for people and for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

/// All that was found so far. Each finding is printed when it is there.
pub(crate) struct Report {
    screen: Screen,
    json: bool,
    progress: Progress,
    width: usize,
    found: Vec<(Check, Verdict, Duration)>,
    began: Instant,
}

impl Report {
    /// For checks whose names have at most `width` characters.
    pub(crate) fn new(screen: Screen, quiet: bool, json: bool, width: usize) -> Report {
        let progress = Progress::new(quiet || json);
        Report { screen, json, progress, width, found: Vec::new(), began: Instant::now() }
    }

    /// Says what is going to be tried.
    pub(crate) fn begin(&mut self, name: &str) {
        self.progress.show(name);
        self.began = Instant::now();
    }

    /// Takes and prints what was found since [`begin`](Self::begin).
    pub(crate) fn add(&mut self, check: Check, verdict: Verdict) -> io::Result<()> {
        let took = self.began.elapsed();
        self.began = Instant::now();
        if !self.json {
            self.progress.clear();
            let (word, out) = (verdict.word(), self.screen.out);
            let word = match verdict {
                Verdict::Pass(_) => out.good(word),
                Verdict::Warn(..) => out.warn(word),
                Verdict::Fail(..) => out.bad(word),
                Verdict::Skip(_) => out.dim(word),
            };
            let note = verdict.note();
            let width = self.width;
            let line = match &verdict {
                _ if note.is_empty() => format!("{word}  {}", check.name),
                Verdict::Pass(_) | Verdict::Skip(_) => format!("{word}  {:width$}  {}", check.name, out.dim(note)),
                _ => format!("{word}  {:width$}  {note}", check.name),
            };
            self.screen.data(line)?;
        }
        self.found.push((check, verdict, took));
        Ok(())
    }

    /// How many passed, warned, failed, and were left out.
    pub(crate) fn counts(&self) -> [usize; 4] {
        let count = |word| self.found.iter().filter(|(_, verdict, _)| verdict.word() == word).count();
        ["PASS", "WARN", "FAIL", "SKIP"].map(count)
    }

    /// True if something failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.counts()[2] > 0
    }

    /// All of it as JSON, with `about` in front.
    pub(crate) fn to_json(&self, about: Value) -> Value {
        let [passed, warned, failed, skipped] = self.counts();
        let check = |(check, verdict, took): &(Check, Verdict, Duration)| {
            let (found, means) = match verdict {
                Verdict::Pass(note) => (Some(note.as_str()).filter(|note| !note.is_empty()), None),
                Verdict::Warn(found, means) | Verdict::Fail(found, means) => (Some(found.as_str()), Some(*means)),
                Verdict::Skip(why) => (Some(*why), None),
            };
            json!({
                "id": check.id, "name": check.name, "verdict": verdict.word().to_lowercase(), "found": found,
                "means": means, "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            })
        };
        let checks: Vec<_> = self.found.iter().map(check).collect();
        let mut all = about;
        all["checks"] = checks.into();
        for (name, count) in [("passed", passed), ("warned", warned), ("failed", failed), ("skipped", skipped)] {
            all[name] = count.into();
        }
        all
    }

    /// The last line: how many of each.
    pub(crate) fn summary(&self) -> String {
        let out = self.screen.out;
        let [passed, warned, failed, skipped] = self.counts();
        let mut parts = vec![out.good(format!("{passed} passed")).to_string()];
        if warned > 0 {
            parts.push(out.warn(format!("{warned} with a warning")).to_string());
        }
        if failed > 0 {
            parts.push(out.bad(format!("{failed} failed")).to_string());
        }
        if skipped > 0 {
            parts.push(format!("{skipped} left out"));
        }
        format!("{} checks: {}", self.found.len(), parts.join(", "))
    }
}
