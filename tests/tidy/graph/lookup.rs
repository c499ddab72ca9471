//! From a path to what it names.

use super::{
    Crate,
    names::{Found, Import, Scopes, Seen, Space},
};

/// Looks names up.
pub(super) struct Lookup<'a> {
    pub(super) scopes: &'a Scopes,
    pub(super) crates: &'a [Crate],
    /// What is being looked up: a name that leads to itself leads nowhere.
    open: Vec<(usize, String, Space)>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(scopes: &'a Scopes, crates: &'a [Crate]) -> Self {
        Lookup { scopes, crates, open: Vec::new() }
    }

    /// What a path names that stands in this scope.
    pub(super) fn path(&mut self, scope: usize, path: &[String], absolute: bool, space: Space) -> Vec<Found> {
        let Some((first, mut rest)) = path.split_first() else { return Vec::new() };
        let all = &self.scopes.all;
        let module = self.scopes.module(scope);
        let mut found = match first.as_str() {
            _ if absolute => self.outside(scope, first),
            "crate" => vec![Found::Module(self.scopes.roots[&all[scope].krate])],
            "self" => vec![Found::Module(module)],
            "super" => {
                let mut module = all[module].parent.map(|parent| self.scopes.module(parent));
                while let Some(("super", more)) = rest.split_first().map(|(word, more)| (word.as_str(), more)) {
                    module = module.and_then(|module| all[module].parent).map(|parent| self.scopes.module(parent));
                    rest = more;
                }
                module.map(Found::Module).into_iter().collect()
            }
            "Self" => return Vec::new(),
            name => {
                let space = if rest.is_empty() { space } else { Space::Types };
                let found = self.name(scope, name, space);
                if found.is_empty() { self.outside(scope, name) } else { found }
            }
        };
        for (at, name) in rest.iter().enumerate() {
            let space = if at + 1 == rest.len() { space } else { Space::Types };
            found = found.into_iter().flat_map(|found| self.member(found, name, space)).collect();
        }
        found
    }

    /// A name that stands alone or in front of a path.
    fn name(&mut self, scope: usize, name: &str, space: Space) -> Vec<Found> {
        let found = self.inside(scope, name, space, None);
        match self.scopes.all[scope].parent {
            Some(parent) if found.is_empty() && self.scopes.all[scope].is_block => self.name(parent, name, space),
            _ => found,
        }
    }

    /// What a name is in what was found so far.
    fn member(&mut self, found: Found, name: &str, space: Space) -> Vec<Found> {
        match found {
            Found::Module(scope) => self.inside(scope, name, space, None),
            // A variant, or something that belongs to the type.
            Found::Enum(scope) => vec![Found::Item(self.scopes.all[scope].file)],
            Found::Item(file) => vec![Found::Item(file)],
            Found::Outside(path) => vec![Found::Outside(format!("{path}::{name}"))],
        }
    }

    /// A crate.
    fn outside(&self, scope: usize, name: &str) -> Vec<Found> {
        let krate = self.scopes.all[scope].krate;
        let name = match self.scopes.renamed.get(&(krate, name.to_owned())).map(String::as_str) {
            Some("self") => return vec![Found::Module(self.scopes.roots[&krate])],
            Some(name) => name,
            None => name,
        };
        if !["std", "core", "alloc", "proc_macro"].contains(&name) && !self.crates[krate].externs.contains(name) {
            return Vec::new();
        }
        let known =
            self.crates.iter().position(|other| other.name == name).and_then(|known| self.scopes.roots.get(&known));
        match known {
            Some(&root) => vec![Found::Module(root)],
            None => vec![Found::Outside(name.to_owned())],
        }
    }

    /// What a name is in a module or an enum, as far as it can be seen from elsewhere.
    fn inside(&mut self, scope: usize, name: &str, space: Space, from: Option<usize>) -> Vec<Found> {
        let key = (scope, name.to_owned(), space);
        if self.open.contains(&key) {
            return Vec::new();
        }
        self.open.push(key);
        let found = self.search(scope, name, space, from);
        self.open.pop();
        found
    }

    fn search(&mut self, scope: usize, name: &str, space: Space, from: Option<usize>) -> Vec<Found> {
        let scopes = self.scopes;
        let here = &scopes.all[scope];
        let is_seen = |seen: Seen| match (from, seen) {
            (Some(from), Seen::Within(outer)) => scopes.is_within(from, outer),
            _ => true,
        };
        let mut found = Vec::new();
        for definition in here.definitions.get(name).into_iter().flatten() {
            if definition.space.admits(space) && is_seen(definition.seen) {
                push(&mut found, definition.found.clone());
            }
        }
        for import in here.imports.get(name).into_iter().flatten() {
            if is_seen(import.seen) && import.space.admits(space) {
                self.import(scope, import, space).into_iter().for_each(|one| push(&mut found, one));
            }
        }
        if found.is_empty() {
            for glob in here.globs.iter().filter(|glob| is_seen(glob.seen)) {
                for target in self.path(scope, &glob.path, glob.absolute, Space::Types) {
                    let (Found::Module(target) | Found::Enum(target)) = target else { continue };
                    self.inside(target, name, space, Some(scope)).into_iter().for_each(|one| push(&mut found, one));
                }
            }
        }
        if found.is_empty() && here.made.contains(name) {
            found.push(Found::Item(here.file));
        }
        found
    }

    fn import(&mut self, scope: usize, import: &Import, space: Space) -> Vec<Found> {
        let space = if import.space == Space::All { space } else { import.space };
        let found = self.path(scope, &import.path, import.absolute, space);
        match import.path.as_slice() {
            [name] if found.is_empty() && space.admits(Space::Macros) => {
                self.textual(self.scopes.all[scope].krate, name).map(Found::Item).into_iter().collect()
            }
            _ => found,
        }
    }

    /// A macro that is known by where it stands in the text.
    pub(super) fn textual(&self, krate: usize, name: &str) -> Option<usize> {
        match self.scopes.textual.get(&(krate, name.to_owned()))?.as_slice() {
            [file] => Some(*file),
            _ => None,
        }
    }
}

fn push(all: &mut Vec<Found>, one: Found) {
    if !all.contains(&one) {
        all.push(one);
    }
}
