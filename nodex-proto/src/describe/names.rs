//! Which definitions are the same, and the name of each.

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
    /// The id by which other types refer to it.
    pub id: DefinitionId,
    /// Its name in both languages.
    pub name: String,
    /// The documentation of the type.
    pub doc: String,
    /// The type.
    pub ty: Type,
}

/// For each definition the first one that is the same, and its name.
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

    /// Returns the name of a definition; empty if it belongs to other types.
    pub(super) fn name(&self, id: DefinitionId) -> &str {
        self.stands_for.get(id.0).and_then(|first| self.names.get(first)).map_or("", String::as_str)
    }
}

/// Returns for each definition the first one that is the same: with the same name and text, and the same type.
/// Definitions that types refer to count as the same until a difference is found; otherwise two types that contain
/// themselves could never be the same.
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
        // Classes are only ever divided.
        let distinct = seen.len();
        stands_for = next;
        if distinct == count {
            return stands_for;
        }
        count = distinct;
    }
}

fn unique(types: &Types, stands_for: &[DefinitionId]) -> BTreeMap<DefinitionId, String> {
    // The Rust types that terms are written from, and their definitions.
    let written: BTreeMap<&str, DefinitionId> = types
        .drafts
        .iter()
        .zip(stands_for)
        .filter(|(draft, _)| draft.direction == Direction::Output)
        .map(|(draft, id)| (draft.rust, *id))
        .collect();
    let mut names = BTreeMap::new();
    let mut taken = BTreeSet::new();
    // The definitions of written terms always keep their names.
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

/// Returns a name that both languages accept without quotes.
pub(super) fn valid(name: &str) -> String {
    /// The name must fit an atom together with the suffixes that may be added.
    const LONGEST: usize = 200;
    let lower = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    let mut valid: String = lower.take(LONGEST).collect();
    if !valid.starts_with(|c: char| c.is_ascii_lowercase()) {
        valid.insert_str(0, "t_");
    }
    valid
}

impl Types {
    /// Returns all types with names, in the order in which they were added, each once. Each [`Type::Named`] in them
    /// refers to one of them.
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
