//! [`ParseError`].

/// What was read, or why it cannot be.
pub(super) type Parsed<T> = Result<T, ParseError>;

/// Where a text stops being a term, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text is no term at byte {offset}")]
#[non_exhaustive]
pub struct ParseError {
    /// The position, in bytes from the start of the text.
    pub offset: usize,
    /// The reason.
    #[source]
    pub problem: ParseProblem,
}

/// Why a text is not a term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ParseProblem {
    #[error("expected {expected}, found {}", found.map_or("the end".to_owned(), |c| format!("{c:?}")))]
    Expected { expected: &'static str, found: Option<char> },
    #[error("this {what} has no end: {closing} is missing")]
    Unclosed { what: &'static str, closing: char },
    #[error("{name} is a variable, and there are none here: atoms start with a small letter, or stand in quotes")]
    Variable { name: String },
    #[error("there is no escape \\{escape} here")]
    Escape { escape: char },
    #[error("this is no character")]
    Character,
    #[error("this is a byte and no character: write it as <<16#{byte:02X}>>")]
    Byte { byte: u32 },
    #[error("this number is no number in base {base}")]
    Number { base: u32 },
    #[error("a base is 2 to 36, this one is {base}")]
    Base { base: String },
    #[error("this float is larger than any that there is")]
    Float,
    #[error("an atom has at most 255 characters, this one has {characters}")]
    LongAtom { characters: usize },
    #[error("{name} is a word of the language: write '{name}' for the atom")]
    Reserved { name: String },
    #[error("{what} cannot be written as text")]
    Unreadable { what: &'static str },
    #[error("this number stands for a node that only the one who printed it knows")]
    LocalNode,
    #[error("the number is too large here: at most {limit}")]
    TooLarge { limit: u64 },
    #[error("a reference has 1 to 5 numbers")]
    ReferenceLength,
    #[error("there is no sigil ~{name} here: ~c and ~s are")]
    Sigil { name: char },
    #[error("{character:?} is no byte, as it has to be without /utf8")]
    NoByte { character: char },
    #[error("only :Size, ::size(Size) and /utf8 can follow what is in << >>")]
    Segment,
    #[error("nested more than {limit} levels deep")]
    TooDeep { limit: u32 },
    #[error("a number of {digits} digits is over the limit of {limit}: write it in base 16")]
    LongNumber { digits: usize, limit: usize },
    #[error("the binaries of this term take more than {limit} bytes")]
    TooLong { limit: usize },
}

/// Returns a word of the text for a message, cut if it is long.
pub(super) fn shown(word: &str) -> String {
    const MOST: usize = 60;
    match word.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}..", &word[..end]),
        None => word.to_owned(),
    }
}
