//! Durations as text, for environment variables, command options and files.
//!
//! A duration is a whole number followed by its unit, `ms`, `s`, `m` or `h`, and is at most a day: `500ms`, `10s`,
//! `2m`, `24h`. A number without a unit is refused.
//!
//! ```
//! use std::time::Duration;
//! use nodex_core::duration::parse;
//!
//! assert_eq!(parse("500ms")?, Duration::from_millis(500));
//! assert_eq!(
//!     parse("10").unwrap_err().to_string(),
//!     "\"10\" has no unit: write 10s for seconds (units: ms, s, m, h)"
//! );
//! # Ok::<(), nodex_core::duration::DurationError>(())
//! ```

use std::time::Duration;

/// The longest duration that is accepted: a day.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// How many characters of the text an error shows.
const SHOWN: usize = 40;

/// Why a text is not a duration. `text` is the text that was given, cut to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// The text is a number without a unit.
    #[error("{text:?} has no unit: write {text}s for seconds (units: ms, s, m, h)")]
    NoUnit {
        /// What was given.
        text: String,
    },
    /// The text is not a number with a unit.
    #[error("{text:?} is not a duration: expected a whole number and a unit (ms, s, m or h), such as 500ms, 10s or 2m")]
    Malformed {
        /// What was given.
        text: String,
    },
    /// The duration is over [`LONGEST`].
    #[error("{text:?} is too long: the longest duration is 24h")]
    TooLong {
        /// What was given.
        text: String,
    },
}

/// What is wrong, without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    NoUnit,
    Malformed,
    TooLong,
}

/// Reads a duration.
///
/// # Errors
/// Returns an error when the text is not a duration, or is one of more than a day.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    read(text.as_bytes()).map_err(|problem| {
        let text = text.chars().take(SHOWN).collect();
        match problem {
            Problem::NoUnit => DurationError::NoUnit { text },
            Problem::Malformed => DurationError::Malformed { text },
            Problem::TooLong => DurationError::TooLong { text },
        }
    })
}

/// Like [`parse`], at compile time.
///
/// # Panics
/// Panics where [`parse`] returns an error.
#[doc(hidden)]
#[must_use]
pub const fn literal(text: &str) -> Duration {
    match read(text.as_bytes()) {
        Ok(duration) => duration,
        Err(Problem::NoUnit) => panic!("this duration has no unit (ms, s, m or h): write \"10s\" for ten seconds"),
        Err(Problem::Malformed) => {
            panic!("this is not a duration: expected a whole number and a unit (ms, s, m or h), such as \"10s\"")
        }
        Err(Problem::TooLong) => panic!("this duration is too long: the longest is \"24h\""),
    }
}

const fn read(text: &[u8]) -> Result<Duration, Problem> {
    let (mut number, mut digits) = (0_u64, 0);
    while digits < text.len() && text[digits].is_ascii_digit() {
        number = number.saturating_mul(10).saturating_add((text[digits] - b'0') as u64);
        digits += 1;
    }
    let (_, unit) = text.split_at(digits);
    let millis = match unit {
        _ if digits == 0 => return Err(Problem::Malformed),
        b"" => return Err(Problem::NoUnit),
        b"ms" => 1,
        b"s" => 1000,
        b"m" => 60_000,
        b"h" => 3_600_000,
        _ => return Err(Problem::Malformed),
    };
    let duration = Duration::from_millis(number.saturating_mul(millis));
    if duration.as_millis() > LONGEST.as_millis() { Err(Problem::TooLong) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        let seconds = |seconds| Ok(Duration::from_secs(seconds));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("10s"), seconds(10));
        assert_eq!(parse("2m"), seconds(120));
        assert_eq!(parse("3h"), seconds(3 * 3600));
        assert_eq!(parse("0s"), seconds(0));
        assert_eq!(parse("007s"), seconds(7));
        for day in ["24h", "1440m", "86400s", "86400000ms"] {
            assert_eq!(parse(day), Ok(LONGEST), "{day}");
        }
        assert_eq!(const { literal("10s") }, Duration::from_secs(10));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["0", "10", "99999999999999999999"] {
            assert_eq!(parse(text), Err(DurationError::NoUnit { text: text.to_owned() }));
        }
        let long = ["25h", "1441m", "86401s", "86400001ms", "99999999999999999999s", "18446744073709551615m"];
        for text in long {
            assert_eq!(parse(text), Err(DurationError::TooLong { text: text.to_owned() }));
        }
        let none = [
            "", "s", "ms", "-1s", "+1s", "1 s", " 1s", "1s ", "1.5s", "1d", "1S", "1s1s", "1m 30s", "1min", "1e3s",
            "٣s", "1µs", "1\0", "0x1s",
        ];
        for text in none {
            assert_eq!(parse(text), Err(DurationError::Malformed { text: text.to_owned() }));
        }
    }

    #[test]
    fn what_was_given_is_told_escaped_and_cut() {
        let told = |text: &str| parse(text).unwrap_err().to_string();
        assert!(told("\u{1b}[2J\n").starts_with("\"\\u{1b}[2J\\n\" is not a duration: "));
        assert!(told(&"9".repeat(1_000_000)).len() < 200);
        assert!(told(&"é".repeat(1_000_000)).len() < 300);
    }
}
