//! Which module of a crate uses which other one: by the names in the code, followed through imports and re-exports to the
//! file that defines what is named.
//!
//! - A node is a file. What a module inside of a file uses, its file uses.
//! - An edge is a name in the code, or in the tokens of a macro, that leads to an item of another file. A `use` of a private
//!   import is one too, because traits are used without being named again. A re-export is none, nor is `mod`: they say
//!   where a name can be found. Whoever uses the name has an edge to the file of the definition, not to the re-export.
//! - What exists for tests only (`#[cfg(test)]`) is left out.
//! - Methods are not followed: without types nobody can say whose they are.

mod circles;
mod load;
mod lookup;
mod names;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use circles::circles;
use names::Scopes;

/// Texts of files by their paths.
pub(crate) type Sources = BTreeMap<String, String>;

/// A crate: a library, a program, or a benchmark.
#[derive(Debug, Clone)]
pub(crate) struct Crate {
    /// The name that others use it by.
    pub(crate) name: String,
    /// The file that it begins with.
    pub(crate) root: String,
    /// The names of the crates that it can use.
    pub(crate) externs: BTreeSet<String>,
}

/// A file of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    pub(crate) krate: usize,
    /// As `node::dispatch`; empty for the root.
    pub(crate) path: String,
    pub(crate) file: String,
}

/// A place where something of another file is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) line: usize,
    /// The name as it stands there.
    pub(crate) name: String,
}

/// A place where something of a crate outside is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outside {
    pub(crate) from: usize,
    pub(crate) line: usize,
    /// As `std::net::TcpStream`, whatever it is called there.
    pub(crate) path: String,
}

/// All files of some crates, and who uses whom.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) crates: Vec<Crate>,
    pub(crate) modules: Vec<Module>,
    pub(crate) uses: Vec<Use>,
    pub(crate) outside: Vec<Outside>,
    /// Files that are missing or cannot be read, and names that lead nowhere.
    pub(crate) problems: Vec<String>,
}

impl Graph {
    /// Of these crates, which may use each other.
    pub(crate) fn new(sources: &Sources, crates: Vec<Crate>) -> Self {
        let mut scopes = Scopes::default();
        let mut graph = Graph { crates, ..Graph::default() };
        let mut bodies = Vec::new();
        for krate in 0..graph.crates.len() {
            load::load(sources, krate, &mut graph, &mut scopes, &mut bodies);
        }
        for body in &bodies {
            walk::walk(body, &mut graph, &mut scopes);
        }
        graph.uses.sort();
        graph.uses.dedup();
        graph.outside.sort();
        graph.outside.dedup();
        graph
    }

    /// The files of a crate.
    pub(crate) fn of(&self, krate: usize) -> impl Iterator<Item = usize> {
        (0..self.modules.len()).filter(move |&module| self.modules[module].krate == krate)
    }

    /// Who uses whom inside of a crate, each pair once.
    pub(crate) fn edges(&self, krate: usize) -> BTreeSet<(usize, usize)> {
        let inside = |module: usize| self.modules[module].krate == krate;
        self.uses.iter().filter(|used| inside(used.from) && inside(used.to)).map(|used| (used.from, used.to)).collect()
    }

    /// The places where one file uses another one.
    pub(crate) fn places(&self, from: usize, to: usize) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(move |used| used.from == from && used.to == to)
    }
}
