//! Lists of checks, each with its result.

use std::{
    fmt::Display,
    io,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::output::{Progress, Screen, Untrusted};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is as it should be; a word about it, or nothing.
    Pass(Untrusted),
    /// It works, but somebody will notice: what was found, and what that means or what to do.
    Warn(Untrusted, Untrusted),
    /// It does not work: the same.
    Fail(Untrusted, Untrusted),
    /// It could not be tried, and why.
    Skip(&'static str),
}

impl Verdict {
    pub(crate) fn pass() -> Verdict {
        Verdict::Pass(Untrusted::default())
    }

    pub(crate) fn noted(note: impl Display) -> Verdict {
        Verdict::Pass(Untrusted::of(note))
    }

    pub(crate) fn warn(found: impl Display, means: impl Display) -> Verdict {
        Verdict::Warn(Untrusted::of(found), Untrusted::of(means))
    }

    pub(crate) fn fail(found: impl Display, means: impl Display) -> Verdict {
        Verdict::Fail(Untrusted::of(found), Untrusted::of(means))
    }

    fn word(&self) -> &'static str {
        match self {
            Verdict::Pass(_) => "PASS",
            Verdict::Warn(..) => "WARN",
            Verdict::Fail(..) => "FAIL",
            Verdict::Skip(_) => "SKIP",
        }
    }
}

/// A thing to check: what it is called, for people and for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

/// What the second part of a finding is, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// What it means, on the same line.
    Means,
    /// What to do about it, on a line of its own.
    Next,
}

/// All that was found so far. Each finding is printed when it is there.
pub(crate) struct Report {
    screen: Screen,
    json: bool,
    progress: Progress,
    width: usize,
    layout: Layout,
    found: Vec<(Check, Verdict, Duration)>,
    began: Instant,
}

impl Report {
    /// For checks whose names have at most `width` characters.
    pub(crate) fn new(screen: Screen, quiet: bool, json: bool, width: usize, layout: Layout) -> Report {
        let progress = Progress::new(quiet || json);
        Report { screen, json, progress, width, layout, found: Vec::new(), began: Instant::now() }
    }

    /// Prints the next step.
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
            let (name, width) = (check.name, self.width);
            let line = match &verdict {
                Verdict::Pass(note) if note.is_empty() => format!("{word}  {name}"),
                Verdict::Pass(note) => format!("{word}  {name:width$}  {}", out.dim(note)),
                Verdict::Skip(why) => format!("{word}  {name:width$}  {}", out.dim(why)),
                Verdict::Warn(found, means) | Verdict::Fail(found, means) => match self.layout {
                    Layout::Means => format!("{word}  {name:width$}  {found}: {means}"),
                    Layout::Next => format!("{word}  {name:width$}  {found}"),
                },
            };
            self.screen.data(line)?;
            if let (Layout::Next, Verdict::Warn(_, next) | Verdict::Fail(_, next)) = (self.layout, &verdict)
                && !next.is_empty()
            {
                self.screen.data(format_args!("      {} {next}", out.dim("next:")))?;
            }
        }
        self.found.push((check, verdict, took));
        Ok(())
    }

    /// Returns how many passed, warned, failed, and were left out.
    pub(crate) fn counts(&self) -> [usize; 4] {
        let count = |word| self.found.iter().filter(|(_, verdict, _)| verdict.word() == word).count();
        ["PASS", "WARN", "FAIL", "SKIP"].map(count)
    }

    /// Returns `true` if something failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.counts()[2] > 0
    }

    /// Returns all of it as JSON, with `about` in front.
    pub(crate) fn to_json(&self, about: Value) -> Value {
        let [passed, warned, failed, skipped] = self.counts();
        let check = |(check, verdict, took): &(Check, Verdict, Duration)| {
            let (found, means) = match verdict {
                Verdict::Pass(note) => (Some(json!(note)).filter(|_| !note.is_empty()), None),
                Verdict::Warn(found, means) | Verdict::Fail(found, means) => (Some(json!(found)), Some(json!(means))),
                Verdict::Skip(why) => (Some(json!(why)), None),
            };
            let key = if self.layout == Layout::Means { "means" } else { "next" };
            json!({
                "id": check.id, "name": check.name, "verdict": verdict.word().to_lowercase(), "found": found,
                key: means, "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
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

    /// Returns the last line: how many of each.
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
