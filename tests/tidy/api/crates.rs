//! The modules of a crate, as its sources have them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

/// The segments of a path.
pub(super) type Segments = Vec<String>;

/// A name that a module takes from elsewhere.
pub(super) struct Import {
    /// `*` for all names of a module.
    pub(super) name: String,
    pub(super) path: Segments,
    pub(super) public: bool,
    pub(super) hidden: bool,
}

#[derive(Default)]
pub(super) struct Module {
    /// Own items, modules and imports aside.
    pub(super) items: Vec<Item>,
    /// Modules inside, and whether they are public and shown.
    pub(super) modules: BTreeMap<String, bool>,
    pub(super) imports: Vec<Import>,
}

pub(super) struct Crate {
    pub(super) name: String,
    pub(super) modules: BTreeMap<Segments, Module>,
}

impl Crate {
    /// Reads the root file, and all modules that it leads to.
    pub(super) fn load(name: &str, root: &Path) -> Crate {
        let mut found = Crate { name: name.to_owned(), modules: BTreeMap::new() };
        let folder = root.parent().expect("a folder").to_owned();
        found.module(Vec::new(), parse(root), &folder);
        found
    }

    fn module(&mut self, path: Segments, items: Vec<Item>, folder: &Path) {
        let mut module = Module::default();
        for item in items {
            match item {
                Item::Mod(inner) if !is_test(&inner.attrs) => {
                    let name = inner.ident.to_string();
                    let shown = is_public(&inner.vis) && !is_hidden(&inner.attrs);
                    module.modules.insert(name.clone(), shown);
                    let mut below = path.clone();
                    below.push(name);
                    self.inner(below, inner, folder);
                }
                Item::Use(import) if !is_test(&import.attrs) => {
                    let (public, hidden) = (is_public(&import.vis), is_hidden(&import.attrs));
                    let mut add = |path: Segments, name: String| {
                        module.imports.push(Import { name, path, public, hidden });
                    };
                    names(&import.tree, &mut Vec::new(), &mut add);
                }
                item => module.items.push(item),
            }
        }
        self.modules.insert(path, module);
    }

    fn inner(&mut self, path: Segments, inner: ItemMod, folder: &Path) {
        let name = inner.ident.to_string();
        let below = folder.join(&name);
        match inner.content {
            Some((_, items)) => self.module(path, items, &below),
            None => {
                let files: [PathBuf; 2] = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
                let file = files.iter().find(|file| file.exists());
                let file = file.unwrap_or_else(|| panic!("no file for the module {}", path.join("::")));
                self.module(path, parse(file), &below);
            }
        }
    }
}

fn parse(path: &Path) -> Vec<Item> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())).items
}

/// All names that a `use` brings.
fn names(tree: &UseTree, path: &mut Segments, add: &mut impl FnMut(Segments, String)) {
    let with = |path: &Segments, name: &str| {
        let mut path = path.clone();
        path.push(name.to_owned());
        path
    };
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            names(&inner.tree, path, add);
            path.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, path, add)),
        UseTree::Name(name) if name.ident == "self" => add(path.clone(), path.last().cloned().unwrap_or_default()),
        UseTree::Name(name) => add(with(path, &name.ident.to_string()), name.ident.to_string()),
        UseTree::Rename(rename) => add(with(path, &rename.ident.to_string()), rename.rename.to_string()),
        UseTree::Glob(_) => add(path.clone(), "*".to_owned()),
    }
}

pub(super) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn has(attributes: &[Attribute], name: &str, word: &str) -> bool {
    let says = |attribute: &Attribute| match &attribute.meta {
        syn::Meta::List(list) => {
            list.path.is_ident(name) && list.tokens.to_string().split([' ', ',']).any(|it| it == word)
        }
        _ => false,
    };
    attributes.iter().any(says)
}

pub(super) fn is_hidden(attributes: &[Attribute]) -> bool {
    has(attributes, "doc", "hidden")
}

pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    has(attributes, "cfg", "test") || has(attributes, "cfg", "doctest")
}
