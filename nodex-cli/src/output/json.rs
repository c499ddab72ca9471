//! Terms as JSON, for programs that want no other than JSON's own kinds of values.

use nodex_core::term::{Syntax, Term, Text};
use serde_json::{Map, Number, Value};

/// The nearest JSON: `true`, `false`, `nil` and `undefined` as what they mean, atoms and UTF-8 binaries as strings,
/// lists and tuples as arrays, maps as objects whose keys are strings. What JSON has not is the text of the term.
pub(crate) fn value(term: &Term, syntax: Syntax) -> Value {
    let text = |term| Value::String(Text::of(term).syntax(syntax).to_string());
    let all = |terms: &[Term]| Value::Array(terms.iter().map(|term| value(term, syntax)).collect());
    match term {
        Term::Atom(atom) => match atom.name.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "nil" | "undefined" => Value::Null,
            name => Value::String(name.to_owned()),
        },
        Term::FixInteger(integer) => integer.value.into(),
        // As digits where programs would round it.
        Term::BigInteger(integer) => match i64::try_from(&integer.value) {
            Ok(integer) => integer.into(),
            Err(_) => text(term),
        },
        Term::Float(float) => Number::from_f64(float.value).map_or(Value::Null, Value::Number),
        Term::Binary(binary) => match std::str::from_utf8(&binary.bytes) {
            Ok(string) => Value::String(string.to_owned()),
            Err(_) => text(term),
        },
        Term::List(list) => all(&list.elements),
        Term::ByteList(list) => list.bytes.iter().copied().map(Value::from).collect(),
        Term::Tuple(tuple) => all(&tuple.elements),
        Term::Map(map) => {
            let key = |key: &Term| match value(key, syntax) {
                Value::String(key) => key,
                _ => Text::of(key).syntax(syntax).to_string(),
            };
            map.map.iter().map(|(k, v)| (key(k), value(v, syntax))).collect::<Map<_, _>>().into()
        }
        term => text(term),
    }
}

#[cfg(test)]
mod tests {
    use nodex_core::{term, term::parse};
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
        // No program wants to wait for the digits.
        let Value::String(long) =
            value(&parse(&format!("0x{}", "F".repeat(1 << 20)), Syntax::Elixir).unwrap(), Syntax::Elixir)
        else {
            panic!("no string")
        };
        assert!(long.starts_with("0xFFFF") && long.len() == 2 + (1 << 20));
    }
}
