//! Something wrong with a fleet file: where, what, and how to mend it.

use std::{fmt::Write as _, ops::Range, path::Path};

use nodex_core::text::cut;
use serde_json::{Value, json};

use super::path;

/// The longest part of a line that is shown, in characters.
const SHOWN: usize = 100;

/// Something wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The first one is line 1, and column 1.
    line: usize,
    column: usize,
    /// As in `node.stop.grace`.
    key: String,
    node: Option<String>,
    message: String,
    hint: Option<String>,
    /// The line itself, and the mark under it.
    excerpt: [String; 2],
}

impl Fault {
    pub(crate) fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Fault {
        // Moved back to where a character begins.
        let start = cut(text, span.start).len();
        let end = cut(text, span.end).len().max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |feed| feed + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |feed| start + feed);
        let column = text[line_start..start].chars().count();
        let marked = text[start..end.min(line_end)].chars().count().max(1);
        // Around the mark, if the line is long.
        let from = if column + marked > SHOWN { column.saturating_sub(SHOWN / 4) } else { 0 };
        let shown: String = text[line_start..line_end].trim_end().chars().skip(from).take(SHOWN).collect();
        let shown: String = shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mark = format!("{}{}", " ".repeat(column - from), "^".repeat(marked.min(SHOWN)));
        let place = path::at(text, &(start..end));
        Fault {
            line: text[..start].matches('\n').count() + 1,
            column: column + 1,
            key: place.keys.join("."),
            node: place.node,
            message: message.into(),
            hint: None,
            excerpt: [shown, mark],
        }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Fault {
        Fault { hint: Some(hint.into()), ..self }
    }

    /// What the parser says.
    pub(crate) fn from_toml(text: &str, error: &toml::de::Error) -> Fault {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().replace('\n', ", ");
        let fault = Fault::new(text, span, message.clone());
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        match &quoted[..] {
            [unknown, known @ ..] if message.starts_with("unknown field") => {
                let fault = Fault { message: format!("there is no key `{unknown}`"), ..fault };
                fault.hint(choice(unknown, known, "the keys here are"))
            }
            [unknown, known @ ..] if message.starts_with("unknown variant") => {
                let fault = Fault { message: format!("there is no `{unknown}`"), ..fault };
                fault.hint(choice(unknown, known, "it is one of"))
            }
            [missing] if message.starts_with("missing field") => {
                Fault { message: format!("the key `{missing}` is missing"), ..fault }
            }
            _ => fault,
        }
    }

    /// One sentence, with the place in front.
    pub(crate) fn sentence(&self, file: &Path) -> String {
        format!("{}:{}:{}: {}", file.display(), self.line, self.column, self.message)
    }

    /// Returns the line that it is about, and the key.
    pub(crate) fn details(&self) -> Vec<String> {
        let number = self.line.to_string();
        let [shown, mark] = &self.excerpt;
        let mut details = vec![format!("{number} | {shown}"), format!("{} | {mark}", " ".repeat(number.len()))];
        let mut key = String::new();
        if !self.key.is_empty() {
            let _ = write!(key, "key {}", self.key);
        }
        if let Some(node) = &self.node {
            let _ = write!(key, " of node {node}");
        }
        details.extend((!key.is_empty()).then_some(key));
        details
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "line": self.line, "column": self.column, "key": self.key, "node": self.node,
            "message": self.message, "hint": self.hint,
        })
    }
}

/// What was meant, most likely, and what there is.
pub(crate) fn choice(unknown: &str, known: &[&str], words: &str) -> String {
    let list = known.join(", ");
    match nearest(unknown, known) {
        Some(near) => format!("did you mean {near}? {words}: {list}"),
        None => format!("{words}: {list}"),
    }
}

/// Returns the known word that somebody meant who wrote this.
pub(crate) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let mistakes = |word: &str| strsim::damerau_levenshtein(&unknown.to_lowercase(), &word.to_lowercase());
    let (count, best) = known.iter().map(|word| (mistakes(word), *word)).min_by_key(|(count, _)| *count)?;
    (count <= (unknown.chars().count() / 3).clamp(1, 4)).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_shown() {
        let text = "[host]\nname = \"é\" # é\nnmae = 1\n";
        let start = text.find("nmae").unwrap();
        let fault = Fault::new(text, start..start + 4, "no");
        assert_eq!(fault.sentence(Path::new("f.toml")), "f.toml:3:1: no");
        assert_eq!(fault.details(), ["3 | nmae = 1", "  | ^^^^", "key host.nmae"]);
        let start = text.find("\"é").unwrap();
        let fault = Fault::new(text, start..start + 4, "no");
        assert_eq!(fault.details(), ["2 | name = \"é\" # é", "  |        ^^^", "key host.name"]);
    }

    #[test]
    fn places_that_are_none() {
        for span in [0..0, 5..5, 100..200, 8..9, Range { start: 3, end: 1 }] {
            let fault = Fault::new("a = é\nb", span, "no");
            assert!(!fault.details().is_empty());
        }
        let long = format!("a = \"{}\" x", "y".repeat(5000));
        let fault = Fault::new(&long, long.len() - 1..long.len(), "no");
        assert!(fault.details().iter().all(|line| line.len() < 150), "{fault:?}");
    }

    #[test]
    fn near_words() {
        assert_eq!(nearest("restrat", &["exec", "restart", "stop"]), Some("restart"));
        assert_eq!(nearest("tow", &["one", "two"]), Some("two"));
        assert_eq!(nearest("zzz", &["exec", "restart"]), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
