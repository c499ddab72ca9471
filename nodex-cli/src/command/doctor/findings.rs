//! What `nodex doctor` has found so far, and what follows from it.

use crate::{
    failure::{Code, Failure},
    output::Untrusted,
    report::{Check, Report, Verdict},
};

/// What has been found so far.
pub(super) struct Findings {
    pub(super) report: Report,
    /// The first failure, for scripts and for people.
    pub(super) first: Option<(Code, Untrusted)>,
    /// The node that is asked for, by its full name once that is known.
    pub(super) node: Option<String>,
}

impl Findings {
    pub(super) fn begin(&mut self, name: &str) {
        self.report.begin(name);
    }

    /// Takes a finding, which ends the command with `code` if it is the first failure. False if it is one.
    pub(super) fn add(
        &mut self,
        id: &'static str,
        name: &'static str,
        code: Code,
        verdict: Verdict,
    ) -> Result<bool, Failure> {
        let failed = match &verdict {
            Verdict::Fail(found, _) => {
                self.first.get_or_insert_with(|| (code, found.clone()));
                true
            }
            _ => false,
        };
        self.report.add(Check { id, name }, verdict)?;
        Ok(!failed)
    }

    /// One sentence.
    pub(super) fn conclusion(&self) -> String {
        let warnings = match self.report.counts()[1] {
            0 => "",
            1 => "; there is a warning",
            _ => "; there are warnings",
        };
        match (&self.first, &self.node) {
            (None, None) => format!("nodes of this machine can find each other{warnings}"),
            (None, Some(node)) => format!("{} can be connected to{warnings}", Untrusted::new(node)),
            (Some((_, found)), None) => format!("nodes of this machine do not find each other: {found}"),
            (Some((_, found)), Some(node)) => {
                format!("{} cannot be connected to: {found}", Untrusted::new(node))
            }
        }
    }
}
