//! Atoms: names of at most 255 characters.

use std::{borrow::Borrow, cmp::Ordering, fmt, hash, ops::Deref, str, sync::Arc};

use super::raw::{first_word, words};

/// The most characters of an atom (`MAX_ATOM_CHARACTERS` in OTP's `atom.h`).
pub const MAX_ATOM_CHARACTERS: usize = 255;

/// The words of a name that is held in place.
const WORDS: usize = 3;

/// An Erlang atom, in 32 bytes. Names of up to 23 bytes, and names known at compile time, need no allocation.
///
/// Atoms are not interned, so a peer cannot fill a table by sending new names.
#[derive(Clone)]
pub struct Atom(Repr);

/// All of it in words, the discriminant too: bytes that are copied in one length and read back in another stall the
/// processor.
#[derive(Clone)]
#[repr(u64)]
enum Repr {
    Static(&'static str),
    Inline(Name),
    Shared(Arc<str>),
}

/// A short name, and its length in the last byte.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Name([[u8; 8]; WORDS]);

impl Name {
    #[inline(always)]
    fn new(mut words: [[u8; 8]; WORDS], len: u8) -> Self {
        words[WORDS - 1][7] = len;
        Name(words)
    }

    #[inline(always)]
    fn len(&self) -> u8 {
        self.0[WORDS - 1][7]
    }

    /// The first bytes of the name as a number of its order, with zeros where there are none. What is held behind the name
    /// is not always zero.
    #[inline(always)]
    fn front(&self) -> u64 {
        let behind = u64::MAX.checked_shl(8 * u32::from(self.len())).unwrap_or(0);
        (u64::from_le_bytes(self.0[0]) & !behind).swap_bytes()
    }
}

/// The name is too long for an atom.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an atom has at most {MAX_ATOM_CHARACTERS} characters, this one has {characters}")]
#[non_exhaustive]
pub struct AtomError {
    /// The number of characters of the name.
    pub characters: usize,
}

impl Atom {
    /// Creates an atom whose name is known at compile time. `atom!` is the short form.
    ///
    /// # Panics
    /// Panics when the name has more than 255 characters: at compile time if used in a constant, as `atom!` does.
    pub const fn from_static(name: &'static str) -> Self {
        // A character takes at least one byte, so only names over 255 bytes have to be counted.
        if name.len() > MAX_ATOM_CHARACTERS {
            let bytes = name.as_bytes();
            let (mut i, mut characters) = (0, 0);
            while i < bytes.len() {
                if bytes[i] & 0xC0 != 0x80 {
                    characters += 1;
                }
                i += 1;
            }
            assert!(characters <= MAX_ATOM_CHARACTERS, "an atom has at most 255 characters");
        }
        Atom(Repr::Static(name))
    }

    /// Creates an atom with this name.
    ///
    /// # Errors
    /// Returns an error when the name has more than 255 characters.
    pub fn new(name: &str) -> Result<Self, AtomError> {
        if name.len() > MAX_ATOM_CHARACTERS {
            let characters = name.chars().count();
            if characters > MAX_ATOM_CHARACTERS {
                return Err(AtomError { characters });
            }
        }
        Ok(Atom(if name.len() <= Self::INLINE {
            Repr::Inline(Name::new(words(name.as_bytes()), name.len() as u8))
        } else {
            Repr::Shared(Arc::from(name))
        }))
    }

    /// How many bytes of a name are held in place.
    pub(crate) const INLINE: usize = 8 * WORDS - 1;

    /// The atom whose name is the first `len` of these bytes, which have been found to be ASCII.
    #[inline(always)]
    pub(crate) fn from_ascii(bytes: &[u8; Self::INLINE], len: u8) -> Self {
        Atom(Repr::Inline(Name::new(words(bytes), len)))
    }

    /// Returns the atom of this name, if it is one word at most and ASCII. In registers all along, for names near the
    /// end of a message, where [`from_ascii`](Self::from_ascii) cannot be used.
    #[inline(always)]
    pub(crate) fn of_one_word(name: &[u8]) -> Option<Self> {
        let word = first_word(name);
        (name.len() <= 8 && word & 0x8080_8080_8080_8080 == 0)
            .then(|| Atom(Repr::Inline(Name::new([word.to_le_bytes(), [0; 8], [0; 8]], name.len() as u8))))
    }

    /// Returns the atom of this name, if it is short and ASCII.
    #[inline(always)]
    pub(crate) fn of_ascii(name: &[u8]) -> Option<Self> {
        let words = words(name);
        let bits = words.iter().fold(0, |bits, word| bits | u64::from_le_bytes(*word)) & 0x8080_8080_8080_8080;
        (name.len() <= Self::INLINE && bits == 0).then_some(Atom(Repr::Inline(Name::new(words, name.len() as u8))))
    }

    /// Returns the name and what follows it, if it is held in place, so that it can be copied whole.
    #[inline(always)]
    pub(crate) fn inline(&self) -> Option<(&[u8; Self::INLINE], u8)> {
        match &self.0 {
            Repr::Inline(name) => name.0.as_flattened().first_chunk().map(|bytes| (bytes, name.len())),
            _ => None,
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Static(name) => name,
            // Made from a `str` or ASCII, so this cannot fail.
            Repr::Inline(_) => str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Repr::Shared(name) => name,
        }
    }

    /// Returns the name as UTF-8.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Static(name) => name.as_bytes(),
            Repr::Inline(name) => name.0.as_flattened().get(..name.len().into()).unwrap_or_default(),
            Repr::Shared(name) => name.as_bytes(),
        }
    }
}

/// Creates an [`Atom`](crate::term::Atom) from a literal, which is checked at compile time.
///
/// ```
/// use nodex_proto::atom;
/// assert_eq!(atom!("pong"), "pong");
/// ```
#[macro_export]
macro_rules! atom {
    ($name:expr) => {
        const { $crate::term::Atom::from_static($name) }
    };
}

impl Deref for Atom {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Atom {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Atom {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl TryFrom<&str> for Atom {
    type Error = AtomError;
    fn try_from(name: &str) -> Result<Self, AtomError> {
        Atom::new(name)
    }
}

impl PartialEq for Atom {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        if let (Repr::Inline(a), Repr::Inline(b)) = (&self.0, &other.0)
            && (a.len() != b.len() || a.front() != b.front())
        {
            return false;
        }
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Atom {}

impl PartialEq<str> for Atom {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Atom {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Atom {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        // Most names differ in their first eight bytes.
        if let (Repr::Inline(a), Repr::Inline(b)) = (&self.0, &other.0) {
            let (a, b) = (a.front(), b.front());
            if a != b {
                return a.cmp(&b);
            }
        }
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl hash::Hash for Atom {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        // As `str` does, because of `Borrow<str>`.
        self.as_str().hash(state);
    }
}

impl fmt::Display for Atom {
    /// Shows the bare name. `{:?}` adds quotes where Erlang needs them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
