//! The pages for people, and the code blocks in them.

use std::fs;

use nodex_testkit::root;

/// The pages, from the root of the repository. `tests/project/docs.rs` keeps the list whole.
pub(crate) const PAGES: [&str; 24] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "elixir/nodex_rs/README.md",
    "docs/elixir.md",
    "docs/command.md",
    "docs/fleet.md",
    "docs/from-c-node.md",
    "docs/from-nodex.md",
    "docs/guarantees.md",
    "docs/operating.md",
    "docs/performance.md",
    "docs/protocol.md",
    "docs/style.md",
    "docs/types.md",
    // The pages of the packages.
    "src/README.md",
    "nodex-proto/README.md",
    "nodex-core/README.md",
    "nodex-macros/README.md",
    "nodex-host/README.md",
    "nodex-cli/README.md",
    "benches/wire/README.md",
];

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A code block of a page.
pub(crate) struct Block {
    /// Page and line, for messages.
    pub(crate) place: String,
    /// The words after the fence.
    pub(crate) language: String,
    /// What the comment in front of it says, as a pair.
    pub(crate) comment: Option<(String, String)>,
    pub(crate) text: String,
}

impl Block {
    /// What the comment says, if it is about this.
    pub(crate) fn about(&self, key: &str) -> Option<&str> {
        self.comment.as_ref().filter(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// The block as Elixir, in which lines of the form `expression  #=> value` are checked, and how many of these
    /// there are.
    pub(crate) fn checked(&self) -> (String, usize) {
        let mut script = String::from("documented = fn value, expected, line ->\n");
        script += "  value == expected || raise \"line #{line} gives #{inspect(value)}\"\nend\n";
        let mut checked = 0;
        for (number, line) in self.text.lines().enumerate() {
            match line.split_once("  #=> ") {
                Some((expression, value)) => {
                    checked += 1;
                    script += &format!("documented.(({expression}), ({value}), {})\n", number + 1);
                }
                None => script += &format!("{line}\n"),
            }
        }
        (script, checked)
    }
}

pub(crate) fn blocks() -> Vec<Block> {
    let mut all = Vec::new();
    for page in PAGES {
        let text = read(page);
        let mut lines = text.lines().enumerate();
        let mut before = "";
        while let Some((number, line)) = lines.next() {
            if let Some(language) = line.strip_prefix("```") {
                let inside: Vec<&str> =
                    lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
                let comment = before.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                let comment = comment.and_then(|comment| comment.split_once(": "));
                all.push(Block {
                    place: format!("{page}:{}", number + 1),
                    language: language.to_owned(),
                    comment: comment.map(|(key, value)| (key.to_owned(), value.to_owned())),
                    text: inside.iter().map(|line| format!("{line}\n")).collect(),
                });
            }
            before = line;
        }
    }
    assert!(all.len() > 10, "only {} code blocks found", all.len());
    all
}
