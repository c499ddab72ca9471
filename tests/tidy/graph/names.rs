//! The names that each module has.

use std::collections::{BTreeMap, BTreeSet};

/// What a name may mean at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Modules, types and traits.
    Types,
    /// Functions, constants, and what makes values of structs and variants.
    Values,
    Macros,
    /// What a `use` brings.
    All,
}

impl Space {
    pub(super) fn admits(self, other: Space) -> bool {
        self == other || self == Space::All || other == Space::All
    }
}

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Module(usize),
    /// An enum, whose variants are the names of this scope.
    Enum(usize),
    /// Anything else, by its file.
    Item(usize),
    /// Of a crate outside.
    Outside(String),
}

/// From where a name can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Everywhere,
    /// Inside of this scope.
    Within(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) space: Space,
    pub(super) found: Found,
    pub(super) seen: Seen,
}

/// `use path as name`, or `use path::*` if it has no name.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    /// Begins with `::`.
    pub(super) absolute: bool,
    /// What of the path is meant; only the types of one that ends in `self`.
    pub(super) space: Space,
    pub(super) seen: Seen,
}

/// The names of a module, an enum, or a block with items of its own.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) krate: usize,
    pub(super) file: usize,
    /// The module around it.
    pub(super) parent: Option<usize>,
    /// Names that are not here are looked for around it.
    pub(super) is_block: bool,
    pub(super) definitions: BTreeMap<String, Vec<Definition>>,
    pub(super) imports: BTreeMap<String, Vec<Import>>,
    pub(super) globs: Vec<Import>,
    /// Words in macros that stand where items do: one of them may be the name of an item that the macro makes.
    pub(super) made: BTreeSet<String>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    pub(super) all: Vec<Scope>,
    /// The first scope of each crate.
    pub(super) roots: BTreeMap<usize, usize>,
    /// What a crate is called in another one by `extern crate`; `self` is the crate itself.
    pub(super) renamed: BTreeMap<(usize, String), String>,
    /// `macro_rules!` that are known by where they stand in the text, by crate and name.
    pub(super) textual: BTreeMap<(usize, String), Vec<usize>>,
}

impl Scopes {
    pub(super) fn add(&mut self, scope: Scope) -> usize {
        self.all.push(scope);
        self.all.len() - 1
    }

    pub(super) fn define(&mut self, scope: usize, name: String, space: Space, found: Found, seen: Seen) {
        self.all[scope].definitions.entry(name).or_default().push(Definition { space, found, seen });
    }

    /// The module that a scope is or stands in.
    pub(super) fn module(&self, scope: usize) -> usize {
        match self.all[scope].parent {
            Some(parent) if self.all[scope].is_block => self.module(parent),
            _ => scope,
        }
    }

    /// Whether a scope is another one or stands in it.
    pub(super) fn is_within(&self, scope: usize, outer: usize) -> bool {
        scope == outer || self.all[scope].parent.is_some_and(|parent| self.is_within(parent, outer))
    }
}
