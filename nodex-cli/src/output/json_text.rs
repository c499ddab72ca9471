//! JSON as it is printed.

use std::io::{self, Write};

use nodex_core::text::is_visible;
use serde::Serialize;
#[cfg(any(test, feature = "bench"))]
use serde_json::ser::PrettyFormatter;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Writes a value on one line. Characters that do not show as what they are are written as `\u009b`.
///
/// # Errors
/// Returns those of `out`.
pub(super) fn write_json(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, Escaped(CompactFormatter)))?)
}

/// The same on many lines.
///
/// # Errors
/// Returns those of `out`.
#[cfg(any(test, feature = "bench"))]
pub(super) fn write_pretty(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    Ok(value.serialize(&mut Serializer::with_formatter(out, Escaped(PrettyFormatter::new())))?)
}

/// Returns the line of [`write_json`] as a text.
pub(crate) fn json_text(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    // Writing to a vector cannot fail, and all maps here have strings as keys.
    let _ = write_json(&mut line, value);
    String::from_utf8_lossy(&line).into_owned()
}

/// Writes text that stands in a string of JSON, its quotes and backslashes aside.
pub(super) fn write_fragment(out: &mut (impl Write + ?Sized), text: &str) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(|c| !is_visible(c)) {
        out.write_all(&rest.as_bytes()[..at])?;
        let mut chars = rest[at..].chars();
        if let Some(c) = chars.next() {
            c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
        }
        rest = chars.as_str();
    }
    out.write_all(rest.as_bytes())
}

/// The layout of another formatter, with strings escaped further than JSON asks for.
struct Escaped<F>(F);

macro_rules! as_inside {
    ($($method:ident($($arg:ident: $type:ty),*))*) => {$(
        fn $method<W: Write + ?Sized>(&mut self, out: &mut W $(, $arg: $type)*) -> io::Result<()> {
            self.0.$method(out $(, $arg)*)
        }
    )*};
}

impl<F: Formatter> Formatter for Escaped<F> {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        write_fragment(out, fragment)
    }

    as_inside! {
        begin_array() end_array() begin_array_value(first: bool) end_array_value()
        begin_object() end_object() begin_object_key(first: bool) end_object_key()
        begin_object_value() end_object_value()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn is_read_as_what_it_was_and_shows_all_of_it() {
        let text: String = ["\"\\/", "\u{7f}\u{9b}\u{2028}\u{202e}\u{feff}\u{e0041}", "é漢\n\t\u{1b}"].concat();
        let value = json!({ text.clone(): [text, 1, 2.5, null, true, {}] });
        for line in [json_text(&value), {
            let mut lines = Vec::new();
            write_pretty(&mut lines, &value).expect("a vector takes everything");
            String::from_utf8(lines).expect("UTF-8")
        }] {
            assert!(line.lines().all(|line| line.chars().all(is_visible)), "{line}");
            assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), value);
        }
        assert_eq!(json_text(&"\u{7f}\u{e0041}\n"), r#""\u007f\udb40\udc41\n""#);
    }
}
