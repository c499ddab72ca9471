//! Serialization and deserialization of terms with serde.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
    ser::{Error as _, SerializeMap as _, SerializeSeq as _},
};

use super::{children::Children, kind::TermKind, term::Term, view::TermRef};
use crate::etf::Integer;

/// How deep a serialized term may be nested, because serializers recurse.
const MAX_DEPTH: u32 = 128;

impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl Serialize for TermRef<'_> {
    /// Writes the nearest value of serde's data model: `true` and `false` as booleans, `nil` and `undefined` as `None`,
    /// other atoms and UTF-8 binaries as strings, other binaries as bytes, tuples and lists as sequences, and terms
    /// without an equivalent as their text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Part(*self, MAX_DEPTH).serialize(serializer)
    }
}

/// A part that may have so many levels.
struct Part<'a>(TermRef<'a>, u32);

fn all<S: Serializer>(parts: Children<'_>, depth: u32, serializer: S) -> Result<S::Ok, S::Error> {
    let mut all = serializer.serialize_seq(Some(parts.len()))?;
    for part in parts {
        all.serialize_element(&Part(part, depth))?;
    }
    all.end()
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Part(term, depth) = *self;
        let Some(inside) = depth.checked_sub(1) else {
            return Err(S::Error::custom(format_args!("a term that is nested deeper than {MAX_DEPTH} levels")));
        };
        match term.kind() {
            TermKind::Atom("true") => serializer.serialize_bool(true),
            TermKind::Atom("false") => serializer.serialize_bool(false),
            TermKind::Atom("nil" | "undefined") => serializer.serialize_none(),
            TermKind::Atom(name) => serializer.serialize_str(name),
            TermKind::Integer(Integer::Small(value)) => serializer.serialize_i64(value),
            TermKind::Integer(big) => match big.to_u128().map(u64::try_from) {
                Some(Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.collect_str(&term),
            },
            TermKind::Float(value) => serializer.serialize_f64(value),
            TermKind::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => serializer.serialize_str(text),
                Err(_) => serializer.serialize_bytes(bytes),
            },
            TermKind::Tuple(tuple) => all(tuple.iter(), inside, serializer),
            TermKind::List(list) => all(list.iter(), inside, serializer),
            TermKind::Map(map) => {
                let mut all = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in map.iter() {
                    // Many formats have no other keys.
                    match key.as_atom().or(key.as_str()) {
                        Some(name) => all.serialize_key(name)?,
                        None => all.serialize_key(&key.to_string())?,
                    }
                    all.serialize_value(&Part(value, inside))?;
                }
                all.end()
            }
            _ => serializer.collect_str(&term),
        }
    }
}

impl<'de> Deserialize<'de> for Term {
    /// Reads strings and bytes as binaries, including keys of maps, and missing values as `nil`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Term, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

macro_rules! visit {
    ($($name:ident($type:ty);)*) => {$(
        fn $name<E: de::Error>(self, value: $type) -> Result<Term, E> {
            Ok(Term::from(value))
        }
    )*};
}

impl<'de> Visitor<'de> for Any {
    type Value = Term;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that a term can be")
    }

    visit! {
        visit_bool(bool);
        visit_i64(i64);
        visit_i128(i128);
        visit_u64(u64);
        visit_u128(u128);
        visit_f64(f64);
        visit_str(&str);
    }

    fn visit_bytes<E: de::Error>(self, value: &[u8]) -> Result<Term, E> {
        Ok(Term::binary(value))
    }

    fn visit_none<E: de::Error>(self) -> Result<Term, E> {
        self.visit_unit()
    }

    fn visit_unit<E: de::Error>(self) -> Result<Term, E> {
        Ok(crate::atom!("nil").into())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Term, D::Error> {
        Term::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Term, D::Error> {
        Term::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Term, A::Error> {
        let mut all: Vec<Term> = Vec::new();
        while let Some(element) = access.next_element()? {
            all.push(element);
        }
        Ok(Term::list(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Term, A::Error> {
        let mut all: Vec<(Term, Term)> = Vec::new();
        while let Some(pair) = access.next_entry()? {
            all.push(pair);
        }
        Ok(Term::map(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{term, term::Term};

    #[test]
    fn terms_as_json_and_back() {
        let order = term!(#{id => 7, <<"name">> => <<"tea">>, tags => [new, nil], paid => true, sum => {eur, 1.5}, 5 => [1 | x]});
        let value = serde_json::to_value(&order).expect("no error");
        let expected = json!({
            "id": 7, "name": "tea", "tags": ["new", null], "paid": true, "sum": ["eur", 1.5], "5": "[1|x]",
        });
        assert_eq!(value, expected);
        let back: Term =
            serde_json::from_str(r#"{"a": [1, -2.5, "x", null, false, 18446744073709551615]}"#).expect("JSON");
        assert_eq!(back, term!(#{<<"a">> => [1, -2.5, <<"x">>, nil, false, (u64::MAX)]}));
        assert_eq!(serde_json::to_value(term!((1_i128 << 80))).expect("no error"), json!("1208925819614629174706176"));
    }

    #[test]
    fn what_is_too_deep_is_an_error() {
        let deep = (0..1000).fold(Term::nil(), |inner, _| Term::list([inner]));
        assert!(serde_json::to_string(&deep).is_err());
        assert!(serde_json::from_str::<Term>(&"[".repeat(100_000)).is_err());
    }
}
