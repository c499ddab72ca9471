//! The beginning of a text.

/// Returns the longest start of a text that fits this number of bytes and ends with a whole character.
#[doc(hidden)]
#[must_use]
pub fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    // No character is longer than four bytes.
    let end = (most.saturating_sub(3)..=most).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn characters_stay_whole() {
        for text in ["", "a", "ab\u{e4}c", "\u{20ac}\u{20ac}", "\u{1f600}x\u{1f600}"] {
            for most in 0..text.len() + 2 {
                let begin = cut(text, most);
                assert!(begin.len() <= most && text.starts_with(begin), "{text:?} {most}");
                let next = text[begin.len()..].chars().next().map_or(usize::MAX, char::len_utf8);
                assert!(begin.len().saturating_add(next) > most, "{text:?} {most}: more would fit");
            }
        }
    }
}
