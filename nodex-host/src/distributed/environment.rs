//! [`Environment`]: the parameters of applications, as in `sys.config`.

use nodex_core::{
    convert::{DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError, Encoder},
    term::{Atom, RawTerm},
};

/// The parameters of applications.
///
/// As a term it is a list as in `sys.config`, `[{App, [{Key, Value}]}]`; elements `{App, Key, Value}` are accepted too.
/// If a parameter occurs several times, the last one counts.
///
/// ```
/// use nodex_core::{atom, convert::from_term, text, text::Syntax};
/// use nodex_host::Environment;
///
/// let config = text::parse("[{shop, [{port, 4000}]}, {shop, name, <<\"corner\">>}]", Syntax::Erlang)?;
/// let mut environment: Environment = from_term(&config)?;
/// environment.set(atom!("shop"), atom!("port"), 4001)?;
/// assert_eq!(environment.get("shop", "port").unwrap().to_string(), "4001");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    applications: Vec<(Atom, Vec<(RawTerm, RawTerm)>)>,
}

impl Environment {
    /// Creates an environment without parameters.
    pub fn new() -> Environment {
        Environment::default()
    }

    /// Sets a parameter of an application.
    ///
    /// # Errors
    /// Returns an error when the value cannot be encoded.
    pub fn set(&mut self, application: Atom, key: Atom, value: impl IntoTerm) -> Result<(), EncodeError> {
        self.put(application, RawTerm::from_value(&key)?, RawTerm::from_value(&value)?);
        Ok(())
    }

    /// Returns a parameter of an application.
    pub fn get(&self, application: &str, key: &str) -> Option<&RawTerm> {
        let (_, parameters) = self.applications.iter().find(|(name, _)| *name == application)?;
        let is_key = |term: &RawTerm| term.decode::<Atom>().is_ok_and(|name| name == key);
        parameters.iter().find(|(name, _)| is_key(name)).map(|(_, value)| value)
    }

    /// Returns the applications that have parameters.
    pub fn applications(&self) -> impl Iterator<Item = &Atom> {
        self.applications.iter().map(|(name, _)| name)
    }

    /// Adds the parameters of `other`, which replace those that both have.
    pub fn merge(&mut self, other: &Environment) {
        for (application, parameters) in &other.applications {
            for (key, value) in parameters {
                self.put(application.clone(), key.clone(), value.clone());
            }
        }
    }

    pub(super) fn put(&mut self, application: Atom, key: RawTerm, value: RawTerm) {
        let known = self.applications.iter().position(|(name, _)| *name == application);
        let at = known.unwrap_or_else(|| {
            self.applications.push((application, Vec::new()));
            self.applications.len() - 1
        });
        let parameters = &mut self.applications[at].1;
        match parameters.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => parameters.push((key, value)),
        }
    }
}

impl FromTerm for Environment {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut environment = Environment::new();
        for Element(application, parameters) in Vec::<Element>::decode(decoder)? {
            for (key, value) in parameters {
                environment.put(application.clone(), key, value);
            }
        }
        Ok(environment)
    }
}

/// `{App, [{Key, Value}]}` or `{App, Key, Value}`.
struct Element(Atom, Vec<(RawTerm, RawTerm)>);

impl FromTerm for Element {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let start = decoder.position();
        match decoder.tuple()? {
            2 => Ok(Element(Atom::decode(decoder)?, Vec::decode(decoder)?)),
            3 => Ok(Element(Atom::decode(decoder)?, vec![(decoder.raw()?, decoder.raw()?)])),
            _ => {
                decoder.rewind(start);
                Err(decoder.mismatch("{App, [{Key, Value}]} or {App, Key, Value}"))
            }
        }
    }
}

impl IntoTerm for Environment {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.applications.encode(encoder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nodex_core::{
        convert::{binary_to_term, from_term, term_to_binary},
        text,
        text::Syntax,
    };

    fn read(text: &str) -> Environment {
        from_term(&text::parse(text, Syntax::Erlang).unwrap()).unwrap()
    }

    #[test]
    fn both_shapes_are_one_and_the_last_one_counts() {
        let one = read("[{a, [{k, 1}, {l, [x]}]}, {b, k, 2}, {a, k, 3}, {c, []}]");
        assert_eq!(one, read("[{a, [{k, 3}, {l, [x]}]}, {b, [{k, 2}]}]"));
        let written = term_to_binary(&one).unwrap();
        assert_eq!(binary_to_term::<Environment>(&written).unwrap(), one);
        assert_eq!(one.applications().map(Atom::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(read("[]"), Environment::new());
    }

    #[test]
    fn merging() {
        let mut one = read("[{a, [{k, 1}, {l, 2}]}]");
        one.merge(&read("[{b, k, 5}, {a, l, 3}]"));
        assert_eq!(one, read("[{a, [{k, 1}, {l, 3}]}, {b, [{k, 5}]}]"));
    }

    #[test]
    fn what_is_no_environment() {
        for text in ["{a, k, 1}", "[{a}]", "[{1, k, 2}]", "[{a, [k]}]", "[{a, b}]", "[{a, [{k, 1}], c, d}]"] {
            let error = from_term::<Environment>(&text::parse(text, Syntax::Erlang).unwrap()).unwrap_err();
            assert!(!error.to_string().is_empty(), "{text}");
        }
    }
}
