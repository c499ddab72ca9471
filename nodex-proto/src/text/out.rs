//! Where text goes, and how much of it.

use std::fmt::{self, Write};

use super::cut::cut;

/// Where text goes as long as there is room.
pub(super) trait Out: Write {
    /// Returns bytes that can still be written. Once there are more, writing fails.
    fn room(&self) -> usize;

    /// As much of a text as shows that there is no room for all of it, if there is none: all of its elements take at least
    /// a byte. The rest of a longer text is not read.
    fn part<'t, T>(&self, all: &'t [T]) -> &'t [T] {
        // A character of UTF-8 may be cut at the end.
        all.get(..self.room().saturating_add(4)).unwrap_or(all)
    }
}

/// Passes on so many bytes and then stops the printing.
pub(super) struct Limited<'f, 'g> {
    pub(super) out: &'f mut fmt::Formatter<'g>,
    pub(super) left: usize,
    pub(super) full: bool,
}

impl Write for Limited<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Some(left) = self.left.checked_sub(text.len()) {
            self.left = left;
            return self.out.write_str(text);
        }
        self.full = true;
        self.out.write_str(cut(text, self.left))?;
        self.left = 0;
        Err(fmt::Error)
    }
}

impl Out for Limited<'_, '_> {
    fn room(&self) -> usize {
        self.left
    }
}
