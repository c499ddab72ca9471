//! From the first file of a crate to all of its files, the names in them, and what is to be walked through.

use proc_macro2::TokenTree;
use syn::{Attribute, Item, UseTree, Visibility};

use super::{
    Graph, Module, Sources,
    names::{Found, Import, Scope, Scopes, Seen, Space},
};

/// A file whose names are known, and whose code is still to be looked at.
pub(super) struct Body {
    pub(super) file: usize,
    /// The scope of each module in it, by the position of its items.
    pub(super) scope: usize,
    pub(super) items: Vec<Item>,
}

/// All files of a crate.
pub(super) fn load(sources: &Sources, krate: usize, graph: &mut Graph, scopes: &mut Scopes, bodies: &mut Vec<Body>) {
    let root = graph.crates[krate].root.clone();
    let folder = parent(&root).to_owned();
    let mut loader = Loader { sources, krate, graph, scopes, bodies };
    loader.file(&root, &folder, "", None);
}

struct Loader<'a> {
    sources: &'a Sources,
    krate: usize,
    graph: &'a mut Graph,
    scopes: &'a mut Scopes,
    bodies: &'a mut Vec<Body>,
}

impl Loader<'_> {
    /// A file, whose modules stand in this folder.
    fn file(&mut self, file: &str, folder: &str, path: &str, parent: Option<usize>) -> Option<usize> {
        let Some(text) = self.sources.get(file) else {
            self.graph.problems.push(format!("{file}: not there"));
            return None;
        };
        let parsed = match syn::parse_file(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.graph.problems.push(format!("{file}:{}: {error}", error.span().start().line));
                return None;
            }
        };
        if is_for_tests(&parsed.attrs) {
            return None;
        }
        let number = self.graph.modules.len();
        self.graph.modules.push(Module { krate: self.krate, path: path.to_owned(), file: file.to_owned() });
        let scope = self.scopes.add(Scope { krate: self.krate, file: number, parent, ..Scope::default() });
        if parent.is_none() {
            self.scopes.roots.insert(self.krate, scope);
        }
        let items = self.modules(parsed.items, scope, file, folder, path, 0);
        self.bodies.push(Body { file: number, scope, items });
        Some(scope)
    }

    /// Enters the names of some items, and loads the modules among them. Gives back those that are left.
    fn modules(
        &mut self,
        items: Vec<Item>,
        scope: usize,
        file: &str,
        folder: &str,
        path: &str,
        depth: usize,
    ) -> Vec<Item> {
        let mut left = Vec::new();
        for item in items {
            let Item::Mod(module) = item else {
                enter(&item, scope, self.scopes);
                left.push(item);
                continue;
            };
            if is_for_tests(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string().trim_start_matches("r#").to_owned();
            let seen = seen(&module.vis, scope, self.scopes);
            let inner_path = if path.is_empty() { name.clone() } else { format!("{path}::{name}") };
            let inner = match module.content {
                Some((_, items)) => {
                    let file_number = self.scopes.all[scope].file;
                    let inner = self.scopes.add(Scope {
                        krate: self.krate,
                        file: file_number,
                        parent: Some(scope),
                        ..Scope::default()
                    });
                    // Its name has to be known before what stands in it is loaded, as `pub(in ..)` may name it.
                    self.scopes.define(scope, name.clone(), Space::Types, Found::Module(inner), seen);
                    let folder = match attribute_path(&module.attrs) {
                        Some(path) => join(parent(file), &path),
                        None => format!("{folder}/{name}"),
                    };
                    let items = self.modules(items, inner, file, &folder, &inner_path, depth + 1);
                    self.bodies.push(Body { file: file_number, scope: inner, items });
                    continue;
                }
                None => {
                    let (file, folder) = match attribute_path(&module.attrs) {
                        // Relative to the folder of this file, or to that of the inline module around it.
                        Some(path) => {
                            let file = join(if depth == 0 { parent(file) } else { folder }, &path);
                            let folder = parent(&file).to_owned();
                            (file, folder)
                        }
                        None => {
                            let inner = format!("{folder}/{name}");
                            let as_file = format!("{inner}.rs");
                            let as_folder = format!("{inner}/mod.rs");
                            (if self.sources.contains_key(&as_folder) { as_folder } else { as_file }, inner)
                        }
                    };
                    self.file(&file, &folder, &inner_path, Some(scope))
                }
            };
            if let Some(inner) = inner {
                self.scopes.define(scope, name, Space::Types, Found::Module(inner), seen);
            }
        }
        left
    }
}

/// Enters the names that an item defines, other than those of modules.
pub(super) fn enter(item: &Item, scope: usize, scopes: &mut Scopes) {
    let Some((attributes, visibility)) = head(item) else { return };
    if is_for_tests(attributes) {
        return;
    }
    let (file, krate) = (scopes.all[scope].file, scopes.all[scope].krate);
    let seen = visibility.map_or(Seen::Everywhere, |visibility| seen(visibility, scope, scopes));
    let mut define = |ident: &syn::Ident, spaces: &[Space], found: Found| {
        for &space in spaces {
            scopes.define(scope, ident.to_string(), space, found.clone(), seen);
        }
    };
    let here = Found::Item(file);
    match item {
        Item::Const(item) => define(&item.ident, &[Space::Values], here),
        Item::Static(item) => define(&item.ident, &[Space::Values], here),
        Item::Fn(item) => {
            define(&item.sig.ident, &[Space::Values], here.clone());
            for attribute in attributes {
                match attribute.path().get_ident().map(ToString::to_string).as_deref() {
                    Some("proc_macro" | "proc_macro_attribute") => {
                        define(&item.sig.ident, &[Space::Macros], here.clone());
                    }
                    Some("proc_macro_derive") => {
                        // The name of the trait is the first word.
                        let syn::Meta::List(list) = &attribute.meta else { continue };
                        if let Some(TokenTree::Ident(name)) = list.tokens.clone().into_iter().next() {
                            define(&name, &[Space::Macros], here.clone());
                        }
                    }
                    _ => {}
                }
            }
        }
        Item::Struct(item) => define(&item.ident, &[Space::Types, Space::Values], here),
        Item::Union(item) => define(&item.ident, &[Space::Types], here),
        Item::Trait(item) => define(&item.ident, &[Space::Types], here),
        Item::TraitAlias(item) => define(&item.ident, &[Space::Types], here),
        Item::Type(item) => define(&item.ident, &[Space::Types], here),
        Item::Enum(item) => {
            let variants = scopes.add(Scope { krate, file, parent: Some(scope), ..Scope::default() });
            for variant in &item.variants {
                for space in [Space::Types, Space::Values] {
                    scopes.define(variants, variant.ident.to_string(), space, Found::Item(file), Seen::Everywhere);
                }
            }
            scopes.define(scope, item.ident.to_string(), Space::Types, Found::Enum(variants), seen);
        }
        Item::ExternCrate(item) => {
            let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name).to_string();
            let path = match item.ident == "self" {
                true => vec!["crate".to_owned()],
                false => vec![item.ident.to_string()],
            };
            let absolute = item.ident != "self";
            let import = Import { path, absolute, space: Space::Types, seen };
            scopes.all[scope].imports.entry(name.clone()).or_default().push(import);
            scopes.renamed.insert((krate, name), item.ident.to_string());
        }
        Item::Use(item) => {
            let absolute = item.leading_colon.is_some();
            for (name, path, space) in imports(&item.tree) {
                let import = Import { path, absolute, space, seen };
                let scope = &mut scopes.all[scope];
                match name {
                    Some(name) => scope.imports.entry(name).or_default().push(import),
                    None => scope.globs.push(import),
                }
            }
        }
        Item::Macro(item) => match &item.ident {
            Some(ident) => {
                let name = ident.to_string();
                scopes.textual.entry((krate, name.clone())).or_default().push(file);
                if attributes.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
                    let root = scopes.roots[&krate];
                    scopes.define(root, name, Space::Macros, here, Seen::Everywhere);
                } else {
                    scopes.define(scope, name, Space::Macros, here, Seen::Within(scope));
                }
            }
            None => {
                let mut words = Vec::new();
                collect_words(item.mac.tokens.clone(), &mut words);
                scopes.all[scope].made.extend(words);
            }
        },
        _ => {}
    }
}

fn collect_words(tokens: proc_macro2::TokenStream, words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Group(group) => collect_words(group.stream(), words),
            _ => {}
        }
    }
}

/// The names that a `use` gives, `None` for all of what stands there, with the paths behind them.
pub(super) fn imports(tree: &UseTree) -> Vec<(Option<String>, Vec<String>, Space)> {
    fn collect(tree: &UseTree, path: &[String], all: &mut Vec<(Option<String>, Vec<String>, Space)>) {
        let with = |ident: &syn::Ident| [path, &[ident.to_string()]].concat();
        let mut add = |ident: &syn::Ident, name: &syn::Ident| {
            // `a::b::{self}` is the module or type, and nothing else of that name.
            if ident == "self" && !path.is_empty() {
                let name = if ident == name { path[path.len() - 1].clone() } else { name.to_string() };
                all.push((Some(name), path.to_vec(), Space::Types));
            } else {
                all.push((Some(name.to_string()), with(ident), Space::All));
            }
        };
        match tree {
            UseTree::Name(one) => add(&one.ident, &one.ident),
            UseTree::Rename(one) => add(&one.ident, &one.rename),
            UseTree::Path(one) => collect(&one.tree, &with(&one.ident), all),
            UseTree::Group(group) => group.items.iter().for_each(|tree| collect(tree, path, all)),
            UseTree::Glob(_) => all.push((None, path.to_vec(), Space::Types)),
        }
    }
    let mut all = Vec::new();
    collect(tree, &[], &mut all);
    all
}

/// Attributes and visibility of an item.
pub(super) fn head(item: &Item) -> Option<(&[Attribute], Option<&Visibility>)> {
    Some(match item {
        Item::Const(item) => (&item.attrs, Some(&item.vis)),
        Item::Enum(item) => (&item.attrs, Some(&item.vis)),
        Item::ExternCrate(item) => (&item.attrs, Some(&item.vis)),
        Item::Fn(item) => (&item.attrs, Some(&item.vis)),
        Item::Mod(item) => (&item.attrs, Some(&item.vis)),
        Item::Static(item) => (&item.attrs, Some(&item.vis)),
        Item::Struct(item) => (&item.attrs, Some(&item.vis)),
        Item::Trait(item) => (&item.attrs, Some(&item.vis)),
        Item::TraitAlias(item) => (&item.attrs, Some(&item.vis)),
        Item::Type(item) => (&item.attrs, Some(&item.vis)),
        Item::Union(item) => (&item.attrs, Some(&item.vis)),
        Item::Use(item) => (&item.attrs, Some(&item.vis)),
        Item::Macro(item) => (&item.attrs, None),
        Item::Impl(item) => (&item.attrs, None),
        Item::ForeignMod(item) => (&item.attrs, None),
        _ => return None,
    })
}

fn seen(visibility: &Visibility, scope: usize, scopes: &Scopes) -> Seen {
    let module = scopes.module(scope);
    let up = |module: usize| scopes.all[module].parent.map_or(module, |parent| scopes.module(parent));
    match visibility {
        Visibility::Public(_) => Seen::Everywhere,
        Visibility::Inherited => Seen::Within(scope),
        Visibility::Restricted(restricted) => {
            let mut within = module;
            for segment in &restricted.path.segments {
                match segment.ident.to_string().as_str() {
                    "crate" => within = scopes.roots[&scopes.all[scope].krate],
                    "super" => within = up(within),
                    "self" => {}
                    // A module around this one: the outermost of them that has the name.
                    _ => return Seen::Everywhere,
                }
            }
            Seen::Within(within)
        }
    }
}

/// Whether `#[cfg(..)]` says that this exists for tests only.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
        .any(|attribute| attribute.parse_args::<syn::Meta>().is_ok_and(|condition| holds(&condition) == Some(false)))
}

/// Whether a condition holds when the crate is built for use; `None` if that depends on more than that.
fn holds(condition: &syn::Meta) -> Option<bool> {
    let parts = |list: &syn::MetaList| -> Vec<Option<bool>> {
        let parts = list.parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated);
        parts.map_or_else(|_| vec![None], |parts| parts.iter().map(holds).collect())
    };
    match condition {
        syn::Meta::Path(path) if path.is_ident("test") || path.is_ident("doctest") => Some(false),
        syn::Meta::List(list) if list.path.is_ident("not") => {
            parts(list).first().copied().flatten().map(|holds| !holds)
        }
        syn::Meta::List(list) if list.path.is_ident("all") => {
            let parts = parts(list);
            if parts.contains(&Some(false)) { Some(false) } else { None }
        }
        syn::Meta::List(list) if list.path.is_ident("any") => {
            let parts = parts(list);
            if parts.iter().all(|part| *part == Some(false)) { Some(false) } else { None }
        }
        _ => None,
    }
}

/// The text of `#[path = ".."]`.
fn attribute_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("path")).find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
        Some(text.value())
    })
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A relative path, without `.` and `..` in it.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
