//! Why a term is not the value that was expected.

use std::{borrow::Cow, fmt};

use super::EtfError;

/// A term that is not what was expected, or bytes that are no term: where, what was expected, what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    /// From the outermost to the innermost part.
    path: Vec<Cow<'static, str>>,
    cause: Cause,
}

/// What was wrong at the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Valid, but something else.
    Mismatch {
        /// What the Rust type takes.
        expected: Cow<'static, str>,
        /// What was there.
        found: Cow<'static, str>,
    },
    /// The bytes are not a valid term.
    Malformed(EtfError),
}

impl DecodeError {
    /// Creates the error for a term of another kind than expected.
    #[cold]
    pub fn mismatch(expected: impl Into<Cow<'static, str>>, found: impl Into<Cow<'static, str>>) -> Self {
        let cause = Cause::Mismatch { expected: expected.into(), found: found.into() };
        DecodeError(Box::new(Inner { path: Vec::new(), cause }))
    }

    /// Adds the part of a larger term in which the error happened. Called from the inside outwards.
    #[cold]
    #[must_use]
    pub fn within(mut self, part: impl Into<Cow<'static, str>>) -> Self {
        self.0.path.insert(0, part.into());
        self
    }

    /// Returns the path to the error, outermost part first, such as `["argument 2", "key total"]`.
    pub fn path(&self) -> &[Cow<'static, str>] {
        &self.0.path
    }

    /// Returns what is wrong there.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }
}

impl From<EtfError> for DecodeError {
    #[cold]
    fn from(error: EtfError) -> Self {
        DecodeError(Box::new(Inner { path: Vec::new(), cause: Cause::Malformed(error) }))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0.path {
            write!(f, "{part}: ")?;
        }
        match &self.0.cause {
            Cause::Mismatch { expected, found } => write!(f, "expected {expected}, got {found}"),
            Cause::Malformed(_) => f.write_str("invalid term"),
        }
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Mismatch { .. } => None,
            Cause::Malformed(error) => Some(error),
        }
    }
}
