//! Terms as JSON, for programs that want no other than JSON's own kinds of values.

use nodex_core::{
    etf::Integer,
    term::{Children, Term, TermKind, TermRef},
    text::{Syntax, Text},
};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::Value;

/// The nearest JSON: `true`, `false`, `nil` and `undefined` as what they mean, atoms and UTF-8 binaries as strings,
/// lists and tuples as arrays, maps as objects whose keys are strings. What JSON has not is the text of the term.
///
/// It is written as it is made, so that it takes no memory of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'a> {
    term: TermRef<'a>,
    syntax: Syntax,
}

impl<'a> Json<'a> {
    pub(crate) fn of(term: impl Into<TermRef<'a>>, syntax: Syntax) -> Json<'a> {
        Json { term: term.into(), syntax }
    }

    fn text(self) -> Text<'a> {
        Text::of(self.term).syntax(self.syntax)
    }

    /// Returns the string that it is, if it is one.
    fn string(self) -> Option<&'a str> {
        match self.term.as_atom() {
            Some(name) => Some(name).filter(|name| !matches!(*name, "true" | "false" | "nil" | "undefined")),
            None => self.term.as_str(),
        }
    }

    fn key(self) -> String {
        self.string().map_or_else(|| self.text().to_string(), str::to_owned)
    }

    fn all<S: Serializer>(self, mut terms: Children<'a>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(Some(terms.len()))?;
        terms.try_for_each(|term| array.serialize_element(&Json { term, ..self }))?;
        array.end()
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.term.kind() {
            TermKind::Atom("true") => serializer.serialize_bool(true),
            TermKind::Atom("false") => serializer.serialize_bool(false),
            TermKind::Atom("nil" | "undefined") => serializer.serialize_none(),
            // As digits where programs would round it.
            TermKind::Integer(Integer::Small(integer)) => serializer.serialize_i64(integer),
            TermKind::Float(value) => serializer.serialize_f64(value),
            TermKind::List(list) => self.all(list.iter(), serializer),
            TermKind::Tuple(tuple) => self.all(tuple.iter(), serializer),
            TermKind::Map(map) => {
                let pair = |(key, value)| (Json { term: key, ..*self }.key(), value);
                let mut pairs: Vec<_> = map.iter().map(pair).collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                // Of an atom and a binary of one text, one is left.
                pairs.dedup_by(|a, b| a.0 == b.0);
                let mut object = serializer.serialize_map(Some(pairs.len()))?;
                for (key, term) in pairs {
                    object.serialize_entry(&key, &Json { term, ..*self })?;
                }
                object.end()
            }
            _ => match self.string() {
                Some(string) => serializer.serialize_str(string),
                None => serializer.collect_str(&self.text()),
            },
        }
    }
}

/// Returns the same as a value.
pub(crate) fn value(term: &Term, syntax: Syntax) -> Value {
    // Keys are strings, and a float that is no number is null.
    serde_json::to_value(Json::of(term, syntax)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use nodex_core::{term, text::parse};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nearest() {
        let term =
            term!({ok, [1, -2.5, <<"x">>, true, nil], #{a => 1, 2 => [3], <<"s">> => 123456789012345678901_i128}});
        assert_eq!(
            value(&term, Syntax::Elixir),
            json!(["ok", [1, -2.5, "x", true, null], {"a": 1, "2": [3], "s": "123456789012345678901"}])
        );
        assert_eq!(value(&term!([1 | tail]), Syntax::Elixir), json!("[1 | :tail]"));
        assert_eq!(value(&term!([undefined, #{nil => "ab"}]), Syntax::Elixir), json!([null, {"nil": [97, 98]}]));
        // No program wants to wait for the digits.
        let Value::String(long) =
            value(&parse(&format!("0x{}", "F".repeat(1 << 20)), Syntax::Elixir).unwrap(), Syntax::Elixir)
        else {
            panic!("no string")
        };
        assert!(long.starts_with("0xFFFF") && long.len() == 2 + (1 << 20));
    }
}
