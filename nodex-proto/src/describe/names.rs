//! Which definitions are the same, and what each is called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    ty::{DefinitionId, Type},
    types::{Direction, Types},
};

/// Names that types cannot have: built-in types of Erlang or Elixir, and words of Elixir.
const TAKEN: [&str; 78] = [
    "after",
    "and",
    "any",
    "arity",
    "as_boolean",
    "atom",
    "binary",
    "bitstring",
    "bool",
    "boolean",
    "byte",
    "catch",
    "char",
    "charlist",
    "do",
    "dynamic",
    "else",
    "end",
    "false",
    "float",
    "fn",
    "fun",
    "function",
    "identifier",
    "in",
    "integer",
    "iodata",
    "iolist",
    "keyword",
    "list",
    "map",
    "maybe_improper_list",
    "mfa",
    "module",
    "neg_integer",
    "nil",
    "no_return",
    "node",
    "non_neg_integer",
    "none",
    "nonempty_binary",
    "nonempty_bitstring",
    "nonempty_charlist",
    "nonempty_improper_list",
    "nonempty_list",
    "nonempty_maybe_improper_list",
    "nonempty_string",
    "not",
    "number",
    "or",
    "pid",
    "port",
    "pos_integer",
    "product",
    "range",
    "record",
    "reference",
    "rescue",
    "string",
    "struct",
    "term",
    "timeout",
    "true",
    "tuple",
    "union",
    "unquote",
    "unquote_splicing",
    "when",
    "cons",
    "var",
    "required",
    "optional",
    "super",
    "__aliases__",
    "__block__",
    "__module__",
    "__env__",
    "__dir__",
];

/// A type with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// How others refer to it.
    pub id: DefinitionId,
    /// Its name in both languages.
    pub name: String,
    /// What it is, for people.
    pub doc: String,
    /// The type.
    pub ty: Type,
}

/// Which definition stands for each, and its name.
pub(super) struct Names {
    pub(super) stands_for: Vec<DefinitionId>,
    pub(super) names: BTreeMap<DefinitionId, String>,
}

impl Names {
    pub(super) fn of(types: &Types) -> Self {
        let stands_for = classes(types);
        let names = unique(types, &stands_for);
        Names { stands_for, names }
    }

    /// The name of a definition; empty if it is one of other types.
    pub(super) fn name(&self, id: DefinitionId) -> &str {
        self.stands_for.get(id.0).and_then(|first| self.names.get(first)).map_or("", String::as_str)
    }
}

/// The first of those that are the same: those of one name and text whose types differ in nothing, what they refer to
/// taken for the same as far as nothing speaks against it. (Else no two types that contain themselves would be.)
fn classes(types: &Types) -> Vec<DefinitionId> {
    let mut stands_for = vec![DefinitionId(0); types.drafts.len()];
    let mut count = 0;
    loop {
        let mut seen = HashMap::new();
        let next: Vec<DefinitionId> = types
            .drafts
            .iter()
            .enumerate()
            .map(|(position, draft)| {
                let mut ty = draft.ty.clone();
                ty.rename(&|id| stands_for.get(id.0).copied().unwrap_or(id));
                *seen.entry((&draft.name, &draft.doc, ty)).or_insert(DefinitionId(position))
            })
            .collect();
        // Classes only ever come apart.
        let distinct = seen.len();
        stands_for = next;
        if distinct == count {
            return stands_for;
        }
        count = distinct;
    }
}

fn unique(types: &Types, stands_for: &[DefinitionId]) -> BTreeMap<DefinitionId, String> {
    // Of which Rust types something is written, and in which definitions.
    let written: BTreeMap<&str, DefinitionId> = types
        .drafts
        .iter()
        .zip(stands_for)
        .filter(|(draft, _)| draft.direction == Direction::Output)
        .map(|(draft, id)| (draft.rust, *id))
        .collect();
    let mut names = BTreeMap::new();
    let mut taken = BTreeSet::new();
    // What is written has its name in any case.
    for direction in [Direction::Output, Direction::Input] {
        for (draft, id) in types.drafts.iter().zip(stands_for) {
            if draft.direction != direction || names.contains_key(id) {
                continue;
            }
            let mut name = valid(&draft.name);
            if direction == Direction::Input && written.get(draft.rust).is_some_and(|other| other != id) {
                name.push_str("_input");
            }
            if TAKEN.contains(&name.as_str()) {
                name.push_str("_type");
            }
            let unique = (2_usize..).map(|number| format!("{name}_{number}"));
            let unique = std::iter::once(name.clone()).chain(unique).find(|name| !taken.contains(name));
            let unique = unique.unwrap_or(name);
            taken.insert(unique.clone());
            names.insert(*id, unique);
        }
    }
    names
}

/// A name that both languages take without quotes.
pub(super) fn valid(name: &str) -> String {
    /// As many as fit an atom with what may be put behind them.
    const LONGEST: usize = 200;
    let lower = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    let mut valid: String = lower.take(LONGEST).collect();
    if !valid.starts_with(|c: char| c.is_ascii_lowercase()) {
        valid.insert_str(0, "t_");
    }
    valid
}

impl Types {
    /// All types that have a name, in the order in which they came, each once. What they refer to by
    /// [`Type::Named`] is one of them.
    pub fn definitions(&self) -> Vec<Definition> {
        let names = Names::of(self);
        let all = names.names.iter().filter_map(|(id, name)| {
            let draft = self.drafts.get(id.0)?;
            let mut ty = draft.ty.clone();
            ty.rename(&|id| names.stands_for.get(id.0).copied().unwrap_or(id));
            Some(Definition { id: *id, name: name.clone(), doc: draft.doc.clone(), ty })
        });
        all.collect()
    }
}
