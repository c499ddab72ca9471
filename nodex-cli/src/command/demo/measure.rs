//! Round-trip times.

use std::time::{Duration, Instant};

use bytes::Bytes;
use nodex_core::{atom, term::RawTerm};
use nodex_host::{CallError, Cnode};
use tokio::task::JoinSet;

use crate::{
    failure::{Code, Failure},
    output::{Screen, duration, grouped},
};

/// Callers at once in the second row.
const CALLERS: u64 = 64;

/// Size of the binary in the third row, in bytes.
const BIG: usize = 1_000_000;

/// Times `calls` calls one after the other, more side by side, and some with a big binary.
pub(super) async fn show(screen: Screen, cnode: &Cnode, calls: u64) -> Result<(), Failure> {
    let out = screen.out;
    let heads = ["calls", "min", "p50", "p99", "max", "calls/s"];
    screen.data(format_args!(
        "\n{:24}{}",
        out.head("round trips"),
        heads.map(|head| format!("{head:>11}")).concat()
    ))?;
    let hello = || Bytes::from_static(b"hello");
    // Not timed: the first calls find nothing in the caches.
    one_by_one(cnode, calls.min(500), hello()).await?;

    let row = |name: &str, times: &Times| {
        let [min, p50, p99, max] = [0.0, 0.5, 0.99, 1.0].map(|part| duration(times.at(part)));
        let (count, rate) = (grouped(times.count()), grouped(times.per_second()));
        screen.data(format_args!("{name:24}{count:>11}{min:>11}{p50:>11}{p99:>11}{max:>11}{rate:>11}"))
    };
    row("one at a time", &one_by_one(cnode, calls, hello()).await?)?;
    row(&format!("{CALLERS} at a time"), &side_by_side(cnode, calls.saturating_mul(10), hello()).await?)?;
    row("1 MB, one at a time", &one_by_one(cnode, (calls / 50).max(5), Bytes::from(vec![b'x'; BIG])).await?)?;
    Ok(())
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

    /// The time that this part of the calls did not exceed.
    fn at(&self, part: f64) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((last as f64 * part).ceil() as usize).copied().unwrap_or_default()
    }

    fn per_second(&self) -> u64 {
        (self.sorted.len() as f64 / self.all.as_secs_f64().max(f64::MIN_POSITIVE)) as u64
    }
}

async fn ping(cnode: &Cnode, payload: &Bytes) -> Result<Duration, CallError> {
    let asked = Instant::now();
    cnode.call::<RawTerm>((atom!("ping"), payload)).await?;
    Ok(asked.elapsed())
}

async fn one_by_one(cnode: &Cnode, calls: u64, payload: Bytes) -> Result<Times, CallError> {
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
            Ok::<_, CallError>(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = callers.join_next().await {
        all.extend(times.map_err(|error| Failure::new(Code::PeerError, error.to_string()))??);
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
