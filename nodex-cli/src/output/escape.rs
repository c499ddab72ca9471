//! What is written in place of characters that do not show as what they are.

use std::fmt::{self, Write};

use nodex_core::text::is_visible;

use super::style::style_at;

/// Writes bytes with everything written out that is not visible or is no text.
pub(super) fn write_escaped(out: &mut (impl Write + ?Sized), bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        write_text(chunk.valid(), false, &mut |part| out.write_str(part))?;
        chunk.invalid().iter().try_for_each(|byte| write!(out, "\\x{byte:02x}"))?;
    }
    Ok(())
}

/// The same for text in which the styles of this command may stand, if `styled`.
pub(super) fn write_but_styles<E>(
    text: &str,
    styled: bool,
    out: &mut impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    write_text(text, styled, out)
}

fn write_text<E>(text: &str, styled: bool, out: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let mut rest = text;
    while let Some(at) = rest.find(|c| !is_visible(c)) {
        out(&rest[..at])?;
        rest = &rest[at..];
        let style = if styled { style_at(rest) } else { "" };
        if !style.is_empty() {
            out(style)?;
            rest = &rest[style.len()..];
            continue;
        }
        let mut chars = rest.chars();
        if let Some(c) = chars.next() {
            out(&c.escape_default().to_string())?;
        }
        rest = chars.as_str();
    }
    out(rest)
}

/// Returns a line of the log in which the log's own styles may stand, which are of the form `ESC [ digits m`.
pub(super) fn log_line(line: &str, styled: bool) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        let end = rest[at..].strip_prefix("\u{1b}[").and_then(|code| {
            let digits = code.find(|c: char| !c.is_ascii_digit())?;
            code[digits..].starts_with('m').then_some(at + 2 + digits + 1)
        });
        let (end, is_style) = (end.unwrap_or(at + 1), styled && end.is_some());
        // A string takes everything.
        let _ = write_text::<fmt::Error>(&rest[..at], false, &mut |part| shown.write_str(part));
        if is_style {
            shown.push_str(&rest[at..end]);
        } else {
            let _ = write_text::<fmt::Error>(&rest[at..end], false, &mut |part| shown.write_str(part));
        }
        rest = &rest[end..];
    }
    let _ = write_text::<fmt::Error>(rest, false, &mut |part| shown.write_str(part));
    shown
}

/// Passes text on, escaped.
pub(super) struct Escaping<'a, W: ?Sized>(pub(super) &'a mut W);

impl<W: Write + ?Sized> Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_text(text, false, &mut |part| self.0.write_str(part))
    }
}

#[cfg(test)]
mod tests {
    use super::log_line;

    #[test]
    fn lines_of_the_log() {
        let line = "\u{1b}[2m12:00\u{1b}[0m peer=a\nb\u{1b}[2J\u{9b}\u{1b}";
        assert_eq!(log_line(line, true), "\u{1b}[2m12:00\u{1b}[0m peer=a\\nb\\u{1b}[2J\\u{9b}\\u{1b}");
        assert_eq!(log_line(line, false), "\\u{1b}[2m12:00\\u{1b}[0m peer=a\\nb\\u{1b}[2J\\u{9b}\\u{1b}");
    }
}
