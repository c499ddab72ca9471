//! Splits a stream of bytes into lines, with one buffer of fixed size.

use bytes::Bytes;

/// The longest line in bytes. Longer ones are split into pieces of about this size.
pub const LINE_LIMIT: usize = 4096;

/// The bytes that wait for the end of their line.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    /// Empty before the first read, `LINE_LIMIT` bytes from then on.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The position up to which there is no line feed.
    searched: usize,
}

impl Cutter {
    /// Returns the buffer for the next read. It is not empty after [`cut`](Self::cut) returned `None`.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.buffer.resize(LINE_LIMIT, 0);
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.searched -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Records how many bytes were read.
    pub(super) fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }

    /// Returns the next line and whether it continues. At the end of the stream the last line needs no line feed.
    pub(super) fn cut(&mut self, at_end: bool) -> Option<(Bytes, bool)> {
        let rest = &self.buffer[self.searched..self.end];
        if let Some(found) = rest.iter().position(|byte| *byte == b'\n') {
            let line = &self.buffer[self.start..self.searched + found];
            let line = Bytes::copy_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            self.start = self.searched + found + 1;
            self.searched = self.start;
            return Some((line, false));
        }
        self.searched = self.end;
        let waiting = &self.buffer[self.start..self.end];
        let (length, continues) = if waiting.len() == LINE_LIMIT {
            (LINE_LIMIT - cut_character(waiting), true)
        } else if at_end && !waiting.is_empty() {
            (waiting.len(), false)
        } else {
            return None;
        };
        let piece = Bytes::copy_from_slice(&waiting[..length]);
        self.start += length;
        Some((piece, continues))
    }
}

/// Returns how many bytes at the end are the start of an incomplete UTF-8 character.
fn cut_character(bytes: &[u8]) -> usize {
    // At most three bytes of a character can be there without its last.
    (1..=3)
        .find(|count| {
            let tail = &bytes[bytes.len().saturating_sub(*count)..];
            tail.first().is_some_and(|first| *first >= 0xc0)
                && std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none())
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in parts of `step` bytes and returns the lines; pieces that continue end with `~`.
    fn lines(input: &[u8], step: usize) -> Vec<Vec<u8>> {
        let mut cutter = Cutter::default();
        let mut lines = Vec::new();
        let mut take = |cutter: &mut Cutter, at_end| {
            while let Some((line, continues)) = cutter.cut(at_end) {
                assert!(line.len() <= LINE_LIMIT);
                lines.push([&line[..], if continues { b"~" } else { b"" }].concat());
            }
        };
        for mut part in input.chunks(step) {
            while !part.is_empty() {
                let room = cutter.room();
                let count = part.len().min(room.len());
                assert!(count > 0, "no room");
                room[..count].copy_from_slice(&part[..count]);
                cutter.filled(count);
                part = &part[count..];
                take(&mut cutter, false);
            }
        }
        take(&mut cutter, true);
        lines
    }

    #[test]
    fn any_split_gives_the_same_lines() {
        for step in 1..20 {
            let expected: [&[u8]; 5] = [b"one", b"", b"two\r\r", b"\xff\xfe", b"last"];
            assert_eq!(lines(b"one\n\r\ntwo\r\r\r\n\xff\xfe\nlast", step), expected, "{step}");
        }
    }

    #[test]
    fn nothing_gives_no_line() {
        assert!(lines(b"", 1).is_empty());
        assert_eq!(lines(b"\n", 1), [b""]);
    }

    #[test]
    fn long_lines_come_in_pieces() {
        let long = vec![b'x'; 2 * LINE_LIMIT + 10];
        for step in [1, 7, LINE_LIMIT, LINE_LIMIT + 1, 3 * LINE_LIMIT] {
            let cut = lines(&[&long[..], b"\nshort\n"].concat(), step);
            let lengths: Vec<_> = cut.iter().map(Vec::len).collect();
            assert_eq!(lengths, [LINE_LIMIT + 1, LINE_LIMIT + 1, 10, 5], "{step}");
        }
    }

    #[test]
    fn a_line_of_exactly_the_limit_ends_with_an_empty_piece() {
        let line = [&[b'x'; LINE_LIMIT][..], b"\n"].concat();
        assert_eq!(lines(&line, 100).iter().map(Vec::len).collect::<Vec<_>>(), [LINE_LIMIT + 1, 0]);
    }

    #[test]
    fn characters_are_not_cut() {
        for lead in 0..4 {
            let text = "y".repeat(lead) + &"€".repeat(LINE_LIMIT);
            let cut = lines(text.as_bytes(), 1000);
            assert!(cut.len() > 2);
            let glued: String =
                cut.iter().map(|line| std::str::from_utf8(line).unwrap().trim_end_matches('~')).collect();
            assert_eq!(glued, text);
        }
    }

    #[test]
    fn what_is_no_text_is_cut_anywhere() {
        for byte in [0x80u8, 0xc3, 0xe2, 0xf0, 0xff] {
            let cut = lines(&vec![byte; 3 * LINE_LIMIT], 999);
            let total: usize = cut.iter().map(|line| line.iter().filter(|found| **found == byte).count()).sum();
            assert_eq!(total, 3 * LINE_LIMIT);
        }
    }
}
