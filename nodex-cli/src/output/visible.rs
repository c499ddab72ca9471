//! Text of others on a terminal.

use std::borrow::Cow;

use super::untrusted::Visible;

/// Returns the text with everything written out that could move the cursor, change colours, break the line or hide.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    match text.chars().all(nodex_core::text::is_visible) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(Visible(text).to_string()),
    }
}
