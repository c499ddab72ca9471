//! How the errors of all crates are displayed and shared.
//!
//! The text of an error never contains that of its [`source`](std::error::Error::source). A program that displays an
//! error displays the whole chain with [`Chain`].

use std::{error::Error, fmt, ops::Deref, sync::Arc};

/// Longer chains are cut: sources can come from the program and have any length.
const MOST: usize = 32;

/// An error and its sources as text: `orders@host cannot be found: no epmd is running at 127.0.0.1:4369`.
///
/// Errors of other libraries may end with the text of their source; that source is then not repeated. Nothing is
/// escaped.
///
/// ```
/// use nodex_proto::{error::Chain, text::{Syntax, parse}};
///
/// let error = parse("{ok, }", Syntax::Erlang).unwrap_err();
/// assert_eq!(error.to_string(), "the text is no term at byte 5");
/// let chain = "the text is no term at byte 5: expected a term after the comma, found '}'";
/// assert_eq!(Chain(&error).to_string(), chain);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        for source in std::iter::successors(self.0.source(), |error| (*error).source()).take(MOST) {
            let text = source.to_string();
            if !last.ends_with(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
        }
        Ok(())
    }
}

/// A shared error of any type. Two are equal if their chains have the same text.
#[derive(Clone)]
pub struct SharedError(Arc<dyn Error + Send + Sync>);

impl SharedError {
    /// Shares an error.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        SharedError(Arc::new(error))
    }
}

// Like `Box<dyn Error>`, this type does not implement `Error`. As the source of an error, the error inside is used.
impl Deref for SharedError {
    type Target = dyn Error + Send + Sync;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl From<Box<dyn Error + Send + Sync>> for SharedError {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        SharedError(error.into())
    }
}

impl PartialEq for SharedError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || Chain(&*self.0).to_string() == Chain(&*other.0).to_string()
    }
}

impl Eq for SharedError {}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<dyn Error + Send + Sync>>,
    }

    fn link(text: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Link {
        Link { text, source: Some(source.into()) }
    }

    #[test]
    fn a_chain_has_every_source_once() {
        let lowest = || io::Error::other("no route");
        assert_eq!(Chain(&lowest()).to_string(), "no route");
        assert_eq!(Chain(&link("not connected", lowest())).to_string(), "not connected: no route");
        // An error of a library that prints its sources itself.
        assert_eq!(Chain(&link("not connected: no route", lowest())).to_string(), "not connected: no route");
        let three = link("a call failed", link("not connected", lowest()));
        assert_eq!(Chain(&three).to_string(), "a call failed: not connected: no route");
    }

    #[test]
    fn a_chain_without_end_is_cut() {
        #[derive(Debug)]
        struct Own(u8);
        impl fmt::Display for Own {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
        impl Error for Own {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                static BOTH: [Own; 2] = [Own(0), Own(1)];
                Some(&BOTH[usize::from(self.0 ^ 1)])
            }
        }
        assert_eq!(Chain(&Own(0)).to_string().len(), "0".len() + MOST * ": 1".len());
    }

    #[test]
    fn what_stands_behind_an_error_is_the_shared_one() {
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error("lost")]
        struct Lost(#[source] SharedError);
        let lost = |text: &'static str| Lost(SharedError::new(link(text, io::Error::other("no route"))));
        assert!(lost("a").source().is_some_and(|source| source.is::<Link>()));
        assert_eq!(Chain(&lost("a")).to_string(), "lost: a: no route");
        assert_eq!(lost("a"), lost("a"));
        assert_ne!(lost("a"), lost("b"));
        assert_eq!(Lost(SharedError::from(Box::from("a"))).0.to_string(), "a");
    }
}
