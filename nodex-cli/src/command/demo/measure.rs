//! Round-trip times.

use std::time::{Duration, Instant};

use bytes::Bytes;
use nodex_core::{atom, error::Chain, term::RawTerm};
use nodex_host::{Cnode, CnodeError};
use serde_json::json;
use tokio::task::JoinSet;

use super::printer::Printer;

use crate::{
    failure::{Code, Failure},
    output::{duration, grouped},
};

/// Callers at once in the second row.
const CALLERS: u64 = 64;

/// Size of the binary in the third row, in bytes.
const BIG: usize = 1_000_000;

/// Times `calls` calls one after the other, more side by side, and some with a big binary.
pub(super) async fn show(printer: Printer<'_>, cnode: &Cnode, calls: u64) -> Result<(), Failure> {
    let hello = || Bytes::from_static(b"hello");
    // Not timed: the first calls find nothing in the caches.
    one_by_one(cnode, calls.min(500), hello()).await?;
    head(printer)?;
    row(printer, "one at a time", &one_by_one(cnode, calls, hello()).await?)?;
    let side_by_side = side_by_side(cnode, calls.saturating_mul(10), hello()).await?;
    row(printer, &format!("{CALLERS} at a time"), &side_by_side)?;
    let big = Bytes::from(vec![b'x'; BIG]);
    row(printer, "1 MB, one at a time", &one_by_one(cnode, (calls / 50).max(5), big).await?)
}

fn head(printer: Printer<'_>) -> Result<(), Failure> {
    if !printer.global.json {
        let heads = ["calls", "min", "p50", "p99", "max", "calls/s"].map(|head| format!("{head:>11}")).concat();
        printer.screen.data("")?;
        printer.screen.data(format_args!("{:24}{heads}", printer.screen.out.head("round trips")))?;
    }
    Ok(())
}

fn row(printer: Printer<'_>, name: &str, times: &Times) -> Result<(), Failure> {
    let parts = [0.0, 0.5, 0.99, 1.0].map(|part| times.at(part));
    let (count, rate) = (times.count(), times.per_second());
    if printer.global.json {
        let [min, p50, p99, max] = parts.map(|time| time.as_nanos() as f64 / 1000.0);
        return Ok(printer.screen.json(json!({
            "step": "round_trips", "name": name, "count": count, "per_second": rate,
            "microseconds": { "min": min, "p50": p50, "p99": p99, "max": max },
        }))?);
    }
    let [min, p50, p99, max] = parts.map(duration);
    let (count, rate) = (grouped(count), grouped(rate));
    Ok(printer.screen.data(format_args!("  {name:22}{count:>11}{min:>11}{p50:>11}{p99:>11}{max:>11}{rate:>11}"))?)
}

/// The times of many calls, sorted, and how long they took together.
struct Times {
    sorted: Vec<Duration>,
    all: Duration,
}

impl Times {
    fn new(mut times: Vec<Duration>, all: Duration) -> Times {
        times.sort_unstable();
        Times { sorted: times, all }
    }

    fn count(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// Returns the time that this part of the calls did not exceed.
    fn at(&self, part: f64) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((last as f64 * part).ceil() as usize).copied().unwrap_or_default()
    }

    fn per_second(&self) -> u64 {
        (self.sorted.len() as f64 / self.all.as_secs_f64().max(f64::MIN_POSITIVE)) as u64
    }
}

async fn ping(cnode: &Cnode, payload: &Bytes) -> Result<Duration, CnodeError> {
    let asked = Instant::now();
    cnode.request::<RawTerm>((atom!("ping"), payload)).await?;
    Ok(asked.elapsed())
}

async fn one_by_one(cnode: &Cnode, calls: u64, payload: Bytes) -> Result<Times, CnodeError> {
    let began = Instant::now();
    let mut times = Vec::new();
    for _ in 0..calls {
        times.push(ping(cnode, &payload).await?);
    }
    Ok(Times::new(times, began.elapsed()))
}

async fn side_by_side(cnode: &Cnode, calls: u64, payload: Bytes) -> Result<Times, Failure> {
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (cnode, payload) = (cnode.clone(), payload.clone());
        callers.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..calls.div_ceil(CALLERS) {
                times.push(ping(&cnode, &payload).await?);
            }
            Ok::<_, CnodeError>(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = callers.join_next().await {
        all.extend(times.map_err(|error| Failure::new(Code::PeerError, Chain(&error)))??);
    }
    Ok(Times::new(all, began.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let times = Times::new((1..=101).rev().map(Duration::from_millis).collect(), Duration::from_secs(2));
        let at = |part| times.at(part).as_millis();
        assert_eq!((at(0.0), at(0.5), at(0.99), at(1.0)), (1, 51, 100, 101));
        assert_eq!((times.count(), times.per_second()), (101, 50));
        let one = Times::new(vec![Duration::from_millis(7)], Duration::from_millis(7));
        assert_eq!([0.0, 0.5, 1.0].map(|part| one.at(part).as_millis()), [7; 3]);
    }
}
