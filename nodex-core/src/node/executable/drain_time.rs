//! How long a node may take to end: what the host says in the environment.

use std::time::Duration;

/// The environment variable by which the host says it.
const VARIABLE: &str = "NODEX_DRAIN";

/// The longest time that can be said.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A time that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE} is {value:?}: a number with a unit of at most a day is expected, such as 500ms, 10s or 2m")]
pub(in crate::node) struct DrainError {
    value: String,
}

/// What `NODEX_DRAIN` says, if it says anything.
pub(in crate::node) fn from_environment() -> Result<Option<Duration>, DrainError> {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().and_then(parse) {
        Some(time) => Ok(Some(time)),
        // As much of it as is of use.
        None => Err(DrainError { value: value.to_string_lossy().chars().take(40).collect() }),
    }
}

/// Digits and `ms`, `s` or `m`.
fn parse(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(unit);
    let number: u64 = digits.parse().ok()?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        _ => return None,
    };
    (time <= LONGEST).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("10s"), seconds(10));
        assert_eq!(parse("2m"), seconds(120));
        assert_eq!(parse("0s"), seconds(0));
        assert_eq!(parse("1440m"), seconds(24 * 3600));
        let wrong = [
            "",
            "10",
            "s",
            "ms",
            "-1s",
            "+1s",
            "1 s",
            " 1s",
            "1s ",
            "1.5s",
            "1h",
            "1S",
            "1441m",
            "99999999999999999999s",
            "18446744073709551615m",
            "1s1s",
            "٣s",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
