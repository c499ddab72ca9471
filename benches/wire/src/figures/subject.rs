//! What a figure is about, and what it was in each round.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Seconds,
    Megabytes,
    Kibibytes,
    MillionsPerSecond,
    ThousandsPerSecond,
    MegabytesPerSecond,
    PerCall,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Kibibytes => "KiB",
            Self::MillionsPerSecond => "M/s",
            Self::ThousandsPerSecond => "k/s",
            Self::MegabytesPerSecond => "MB/s",
            Self::PerCall => "a call",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        matches!(self, Self::MillionsPerSecond | Self::ThousandsPerSecond | Self::MegabytesPerSecond)
    }
}

/// What one figure is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// What was done, and where.
    pub(crate) work: String,
    /// Where a work was done at several sizes, rates or numbers: which one.
    pub(crate) at: Option<u64>,
    /// The way to the node, where there are several: `cnode direct`.
    pub(crate) row: String,
    /// The node executable; empty for what needs none.
    pub(crate) node: String,
    /// `p50`, `p99`, `p99.9`, `max`, `mean`, or `value` for a single figure in each round.
    pub(crate) statistic: &'static str,
    pub(crate) unit: Unit,
}

impl Subject {
    pub(crate) fn new(work: &str, node: &str, statistic: &'static str, unit: Unit) -> Subject {
        Subject { work: work.to_owned(), at: None, row: String::new(), node: node.to_owned(), statistic, unit }
    }

    pub(crate) fn at(self, at: u64) -> Subject {
        Subject { at: Some(at), ..self }
    }

    pub(crate) fn row(self, row: &str) -> Subject {
        Subject { row: row.to_owned(), ..self }
    }

    /// The text before its figures in a table.
    pub(crate) fn label(&self) -> String {
        let at = self.at.map_or_else(String::new, |at| format!("{at:>9}  "));
        match self.row.is_empty() {
            true => format!("{at}{}", self.node),
            false => format!("{at}{:<16}{}", self.row, self.node),
        }
    }
}

/// A subject's figure in each round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) subject: Subject,
    pub(crate) rounds: Vec<f64>,
}

impl Figures {
    /// Best, median and worst.
    pub(crate) fn summary(&self) -> [f64; 3] {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        if self.subject.unit.more_is_better() {
            sorted.reverse();
        }
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        [at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1))]
    }
}
