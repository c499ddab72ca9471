//! Which key a place in a TOML text belongs to.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The path of the innermost key around or at this place, as in `node.stop.grace`, and the name of the node that it
/// belongs to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) keys: Vec<String>,
    pub(super) node: Option<String>,
}

/// Where in `text` this place is. A text that is no TOML has what could be read of it.
pub(super) fn at(text: &str, place: &Range<usize>) -> Path {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut path = Path::default();
    inside(table.get_ref(), place, &mut path);
    path
}

fn inside(table: &DeTable<'_>, place: &Range<usize>, path: &mut Path) -> bool {
    for (key, value) in table.iter() {
        let depth = path.keys.len();
        path.keys.push(key.get_ref().to_string());
        if within(place, &key.span()) || value_inside(value.get_ref(), value.span(), place, path) {
            return true;
        }
        path.keys.truncate(depth);
    }
    false
}

fn value_inside(value: &DeValue<'_>, span: Range<usize>, place: &Range<usize>, path: &mut Path) -> bool {
    match value {
        // The span of a table is that of its heading; its contents may be anywhere.
        DeValue::Table(table) => {
            let named = table.get("name").and_then(|name| name.get_ref().as_str()).map(str::to_owned);
            let before = path.node.clone();
            if path.keys == ["node"] {
                path.node = named;
            }
            if inside(table, place, path) || within(place, &span) {
                return true;
            }
            path.node = before;
            false
        }
        DeValue::Array(array) => {
            array.iter().any(|value| value_inside(value.get_ref(), value.span(), place, path)) || within(place, &span)
        }
        _ => within(place, &span),
    }
}

fn within(place: &Range<usize>, span: &Range<usize>) -> bool {
    span.start <= place.start && place.end <= span.end
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[host]\nname = \"a\"\n\n[[node]]\nname = \"one\"\nstop = { grace = \"x\" }\n\n[[node]]\nname = \"two\"\nexec = 7\n[node.env]\nA = 1\n";

    fn found(needle: &str) -> (String, Option<String>) {
        let start = TEXT.find(needle).unwrap();
        let path = at(TEXT, &(start..start + needle.len()));
        (path.keys.join("."), path.node)
    }

    #[test]
    fn keys_of_places() {
        assert_eq!(found("\"a\""), ("host.name".into(), None));
        assert_eq!(found("\"x\""), ("node.stop.grace".into(), Some("one".into())));
        assert_eq!(found("grace"), ("node.stop.grace".into(), Some("one".into())));
        assert_eq!(found("7"), ("node.exec".into(), Some("two".into())));
        assert_eq!(found("1"), ("node.env.A".into(), Some("two".into())));
    }
}
