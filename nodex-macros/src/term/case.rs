//! `rename_all`: names in other spellings.

/// A spelling of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Snake,
    Camel,
    Pascal,
    ScreamingSnake,
    Kebab,
    Lower,
}

impl Case {
    /// All of them, each as it is written in the attribute.
    pub(crate) const NAMES: [(&str, Case); 6] = [
        ("snake_case", Case::Snake),
        ("camelCase", Case::Camel),
        ("PascalCase", Case::Pascal),
        ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
        ("kebab-case", Case::Kebab),
        ("lowercase", Case::Lower),
    ];

    /// Returns a Rust name in this spelling.
    pub(crate) fn apply(self, name: &str) -> String {
        let words = words(name);
        let capitalised = |word: &String| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
        };
        match self {
            Case::Snake => words.join("_"),
            Case::ScreamingSnake => words.join("_").to_uppercase(),
            Case::Kebab => words.join("-"),
            Case::Lower => words.concat(),
            Case::Pascal => words.iter().map(capitalised).collect(),
            Case::Camel => words
                .iter()
                .enumerate()
                .map(|(position, word)| if position == 0 { word.clone() } else { capitalised(word) })
                .collect(),
        }
    }
}

/// Returns the words of a Rust name in small letters: `HTTPServer2` is `http`, `server2`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (position, &letter) in letters.iter().enumerate() {
        let before = position.checked_sub(1).and_then(|before| letters.get(before));
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                // A small letter or digit before it, or the last capital of an abbreviation.
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && letters.get(position + 1).is_some_and(|after| after.is_lowercase())
            });
        if starts || letter == '_' {
            words.push(String::new());
        }
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{Case, words};

    #[test]
    fn words_of_names() {
        for (name, expected) in [
            ("pending", "pending"),
            ("InProgress", "in progress"),
            ("in_progress", "in progress"),
            ("HTTPServer", "http server"),
            ("MyHTTP", "my http"),
            ("Item2Go", "item2 go"),
            ("_private", "private"),
            ("IO", "io"),
            ("A", "a"),
            ("ABTest", "ab test"),
            ("XYZ_Other", "xyz other"),
            ("ÄrgerÜber", "ärger über"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn spellings() {
        let spelled: Vec<String> = Case::NAMES.iter().map(|(_, case)| case.apply("HTTPServer_error")).collect();
        assert_eq!(
            spelled,
            [
                "http_server_error",
                "httpServerError",
                "HttpServerError",
                "HTTP_SERVER_ERROR",
                "http-server-error",
                "httpservererror"
            ]
        );
    }
}
