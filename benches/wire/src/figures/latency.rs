//! Times of many round trips.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The ranks that are reported.
pub(crate) const RANKS: [(f64, &str); 3] = [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")];

/// An hour, in nanoseconds: nothing here takes longer.
const LONGEST: u64 = 3_600_000_000_000;

/// Times, to a thousandth of each.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Result<Latencies, String> {
        Histogram::new_with_bounds(1, LONGEST, 3).map(Latencies).map_err(|error| format!("no histogram: {error}"))
    }

    pub(crate) fn of(times: &[Duration]) -> Result<Latencies, String> {
        let mut all = Latencies::new()?;
        times.iter().for_each(|time| all.record(*time));
        Ok(all)
    }

    pub(crate) fn record(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(LONGEST));
    }

    /// Returns the time in seconds below which this part of all lies.
    pub(crate) fn at(&self, rank: f64) -> f64 {
        self.0.value_at_quantile(rank) as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_times() {
        let times: Vec<_> = (1..=1000).map(Duration::from_micros).collect();
        let latencies = Latencies::of(&times).expect("latencies");
        for (rank, us) in [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0)] {
            assert!((latencies.at(rank) * 1e6 / us - 1.0).abs() < 0.002, "{rank}: {}", latencies.at(rank));
        }
    }
}
