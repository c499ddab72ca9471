//! Numbers for people.

use std::time::Duration;

/// A duration with three or four digits and its unit: `812 ns`, `9.04 µs`, `61.2 µs`, `1.25 ms`, `3.10 s`.
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

/// A limit as somebody gave it: `300 ms`, `2 s`, `1.5 s`, `5 min`.
pub(crate) fn limit(limit: Duration) -> String {
    match limit.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        millis if millis % 60_000 == 0 => format!("{} min", millis / 60_000),
        millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
        millis => format!("{} s", millis as f64 / 1000.0),
    }
}

/// A number with its digits in groups of three: `1,234,567`.
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
}
