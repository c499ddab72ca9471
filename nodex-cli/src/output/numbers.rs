//! Numbers for people.

use std::time::Duration;

/// Returns a duration with three or four digits and its unit: `812 ns`, `9.04 µs`, `61.2 µs`, `1.25 ms`, `3.10 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let nanos = duration.as_nanos() as f64;
    let (value, unit) = match nanos {
        ..1e3 => return format!("{nanos} ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        ..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    match value {
        ..10.0 => format!("{value:.2} {unit}"),
        ..100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// Returns a limit as somebody gave it: `300 ms`, `2 s`, `1.5 s`, `5 min`.
pub(crate) fn limit(limit: Duration) -> String {
    match limit.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        millis if millis % 60_000 == 0 => format!("{} min", millis / 60_000),
        millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
        millis => format!("{} s", millis as f64 / 1000.0),
    }
}

/// Returns a number with its digits in groups of three: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns an amount of memory: `812 B`, `4.0 KiB`, `12.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while value >= 1024.0
        && let Some(next) = units.next()
    {
        value /= 1024.0;
        unit = next;
    }
    if unit == "B" { format!("{count} B") } else { format!("{value:.1} {unit}") }
}

/// Returns a duration to the second, in its two largest units: `4 s`, `2 m 05 s`, `3 h 12 m`, `5 d 03 h`.
pub(crate) fn long_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} m {:02} s", seconds % 60),
        3600..86_400 => format!("{hours} h {:02} m", minutes % 60),
        _ => format!("{days} d {:02} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            (0, "0 ns"),
            (812, "812 ns"),
            (9_040, "9.04 µs"),
            (61_234, "61.2 µs"),
            (999_400, "999 µs"),
            (1_250_000, "1.25 ms"),
            (3_100_000_000, "3.10 s"),
            (120_000_000_000, "120 s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(duration(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn limits() {
        for (millis, text) in [(300, "300 ms"), (2000, "2 s"), (1500, "1.5 s"), (120_000, "2 min"), (61_000, "61 s")] {
            assert_eq!(limit(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn groups() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn amounts_and_times() {
        for (count, text) in [(0, "0 B"), (1023, "1023 B"), (4096, "4.0 KiB"), (13_107_200, "12.5 MiB")] {
            assert_eq!(bytes(count), text);
        }
        assert!(bytes(u64::MAX).ends_with(" TiB"));
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (125, "2 m 05 s"), (11_520, "3 h 12 m"), (442_800, "5 d 03 h")]
        {
            assert_eq!(long_duration(Duration::from_secs(seconds)), text);
        }
    }
}
