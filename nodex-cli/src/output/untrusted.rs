//! Text of others: names, lines, reasons, whatever a node, an epmd, a child or a file has said.

use std::fmt::{self, Display, Write};

use nodex_core::text::cut;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::escape::{Escaping, write_escaped};

/// Text from outside. It can be shown in one way only: with everything written out that a terminal, a log or a script
/// could take for something else (`\u{1b}`, `\n`, `\xff`), on one line, and cut if it is long. The cut comes first: what
/// is left out is neither copied nor converted.
///
/// As JSON it is the text itself, because [`Screen::json`](super::Screen::json) escapes in JSON's own way.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Untrusted {
    bytes: Box<[u8]>,
    /// There was more of it.
    cut: bool,
}

impl Untrusted {
    /// So many bytes are kept unless told otherwise: a line of a log, and more than any name has.
    pub(crate) const MOST: usize = 4096;

    /// Returns the first [`MOST`](Self::MOST) bytes of a text, UTF-8 or not.
    pub(crate) fn new(text: impl AsRef<[u8]>) -> Untrusted {
        Untrusted::cut(text, Untrusted::MOST)
    }

    /// Returns the first bytes of a text, no more than `most`.
    pub(crate) fn cut(text: impl AsRef<[u8]>, most: usize) -> Untrusted {
        let text = text.as_ref();
        if text.len() <= most {
            return Untrusted { bytes: text.into(), cut: false };
        }
        // A character that is cut in two would show as bytes that nobody sent.
        let start = (most.saturating_sub(3)..=most).rev().find(|&at| text[at] & 0xC0 != 0x80).unwrap_or(most);
        Untrusted { bytes: text[..start].into(), cut: true }
    }

    /// What this displays, such as an error that quotes somebody. It is not formatted further than it is kept.
    pub(crate) fn of(value: impl Display) -> Untrusted {
        Untrusted::of_cut(value, Untrusted::MOST)
    }

    /// Returns the same, of no more than `most` bytes.
    pub(crate) fn of_cut(value: impl Display, most: usize) -> Untrusted {
        let mut kept = Kept { text: String::new(), most };
        // It fails where enough is there.
        let _ = write!(kept, "{value}");
        Untrusted::cut(kept.text, most)
    }

    /// Returns the text as it came, to compare it or to send it back, never to show it. `None` if it was cut or is no
    /// UTF-8.
    pub(crate) fn as_sent(&self) -> Option<&str> {
        if self.cut { None } else { std::str::from_utf8(&self.bytes).ok() }
    }

    /// Returns `true` if it is this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.as_sent() == Some(text)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Takes a little more than it is to keep, so that one sees that there was more, and then stops who writes.
struct Kept {
    text: String,
    most: usize,
}

impl Write for Kept {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = (self.most + 4).saturating_sub(self.text.len());
        self.text.push_str(cut(text, room));
        if text.len() <= room { Ok(()) } else { Err(fmt::Error) }
    }
}

impl Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |out: &mut dyn Write| {
            write_escaped(out, &self.bytes)?;
            if self.cut { out.write_char('…') } else { Ok(()) }
        };
        if f.width().is_none() {
            return write(f);
        }
        let mut text = String::new();
        write(&mut text)?;
        f.pad(&text)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl<T: AsRef<[u8]>> From<T> for Untrusted {
    fn from(text: T) -> Untrusted {
        Untrusted::new(text)
    }
}

impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let more = if self.cut { "…" } else { "" };
        serializer.collect_str(&format_args!("{}{more}", String::from_utf8_lossy(&self.bytes)))
    }
}

impl<'de> Deserialize<'de> for Untrusted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Untrusted, D::Error> {
        String::deserialize(deserializer).map(Untrusted::new)
    }
}

/// Shows something with everything written out that [`Untrusted`] writes out, and all of it: for what is printed whole
/// and at once, such as a line of a log that is bounded already.
pub(crate) struct Visible<T>(pub(crate) T);

impl<T: Display> Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_none() {
            return write!(Escaping(f), "{}", self.0);
        }
        let mut text = String::new();
        write!(Escaping(&mut text), "{}", self.0)?;
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_acts() {
        let all: String = (0..=0x10_FFFF).filter_map(char::from_u32).collect();
        let shown = Untrusted::cut(&all, usize::MAX).to_string();
        assert!(shown.chars().all(nodex_core::text::is_visible), "{:?}", shown.chars().next());
        for (text, visible) in [
            (&b"na\xc3\xafve \"x\" \\"[..], "naïve \"x\" \\"),
            (b"\x1b[31mred\r\n\tx", "\\u{1b}[31mred\\r\\n\\tx"),
            (
                b"\xc2\x9b2J\x7f\xe2\x80\xae\xe2\x80\xa8\xe2\x80\x8b\xef\xbb\xbf",
                "\\u{9b}2J\\u{7f}\\u{202e}\\u{2028}\\u{200b}\\u{feff}",
            ),
            (b"a\xff\xc3", "a\\xff\\xc3"),
            (b"\0", "\\u{0}"),
        ] {
            assert_eq!(Untrusted::new(text).to_string(), visible);
            assert_eq!(format!("{:?}", Untrusted::new(text)), format!("\"{visible}\""));
        }
        assert_eq!(format!("[{:4}]", Untrusted::new("\n")), "[\\n  ]");
        assert_eq!(format!("[{:>6}]", Visible("\x1b")), "[\\u{1b}]");
        assert_eq!(format!("{}", Visible(format_args!("{}\n", '\u{9b}'))), "\\u{9b}\\n");
    }

    #[test]
    fn it_is_cut_before_it_is_converted() {
        assert_eq!(Untrusted::cut("abcdef", 3).to_string(), "abc…");
        assert_eq!(Untrusted::cut("abé", 3).to_string(), "ab…");
        assert_eq!(Untrusted::cut([0xFF; 9], 2).to_string(), "\\xff\\xff…");
        struct Endless;
        impl Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("é\n")?;
                }
            }
        }
        let text = Untrusted::of_cut(Endless, 7);
        assert_eq!(text.to_string(), "é\\né\\n…");
        assert_eq!((text.as_sent(), Untrusted::of_cut("abc", 3).as_sent()), (None, Some("abc")));
        assert_eq!(Untrusted::of(Endless).bytes.len(), Untrusted::MOST - 1);
    }
}
