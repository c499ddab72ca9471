//! Text of others on a terminal.

use std::borrow::Cow;

/// The text with control characters written out, so that it cannot move the cursor, change colours or break the line.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_safe = |c: char| !c.is_control() || c == '\t';
    match text.chars().all(is_safe) {
        true => Cow::Borrowed(text),
        false => {
            text.chars().map(|c| if is_safe(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(visible("naïve\ttext \"x\""), "naïve\ttext \"x\"");
        assert_eq!(visible("\x1b[31mred\r\n\u{9b}2J"), "\\u{1b}[31mred\\r\\n\\u{9b}2J");
    }
}
