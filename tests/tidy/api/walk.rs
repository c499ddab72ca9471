//! From the modules of a crate to the lines of its API.

use std::collections::{BTreeMap, BTreeSet};

use syn::{ImplItem, Item, TraitItem, Type, Visibility, visit_mut::VisitMut};

use super::{
    crates::{Crate, Import, Module, Segments, is_hidden, is_public, is_test},
    print::{fields, marks, method, signature, text},
};

/// Where an item is defined: its module, and its name.
type Place = (Segments, String);

/// What a path of a module leads to.
enum Found {
    Module(Segments),
    Item(Place),
    /// The full path of an item of another crate.
    Foreign(Segments),
}

/// All lines, sorted.
pub(super) fn lines(krate: &Crate) -> Vec<String> {
    let mut walk = Walk { krate, paths: BTreeMap::new(), lines: BTreeSet::new() };
    walk.module(&[], &krate.name, &mut Vec::new());
    walk.macros();
    walk.print();
    walk.lines.into_iter().collect()
}

/// The names that the root of a crate offers.
pub(super) fn top(krate: &Crate) -> BTreeSet<String> {
    let root = &krate.modules[&Vec::new()];
    let modules = root.modules.iter().filter(|(_, shown)| **shown).map(|(name, _)| name.clone());
    let imports =
        root.imports.iter().filter(|import| import.public && !import.hidden).map(|import| import.name.clone());
    modules.chain(imports).collect()
}

struct Walk<'a> {
    krate: &'a Crate,
    /// The paths by which an item can be named.
    paths: BTreeMap<Place, BTreeSet<(usize, String)>>,
    lines: BTreeSet<String>,
}

impl Walk<'_> {
    /// Everything that a module offers, under this path.
    fn module(&mut self, module: &[String], path: &str, visited: &mut Vec<Segments>) {
        if visited.iter().any(|known| known == module) {
            return;
        }
        visited.push(module.to_vec());
        let here = &self.krate.modules[module];
        for item in &here.items {
            if let Some((name, public)) = named(item)
                && public
            {
                self.named(&(module.to_vec(), name), path, None);
            }
        }
        for (name, _) in here.modules.iter().filter(|(_, shown)| **shown) {
            let inner = [module, std::slice::from_ref(name)].concat();
            self.module(&inner, &format!("{path}::{name}"), visited);
        }
        for import in here.imports.iter().filter(|import| import.public && !import.hidden) {
            self.import(module, import, path, visited);
        }
        visited.pop();
    }

    /// They stand at the root, whatever module they are written in.
    fn macros(&mut self) {
        for (module, content) in &self.krate.modules {
            for item in content.items.iter().filter(|item| matches!(item, Item::Macro(_))) {
                if let Some((name, true)) = named(item) {
                    self.named(&(module.clone(), name), &self.krate.name, None);
                }
            }
        }
    }

    fn import(&mut self, module: &[String], import: &Import, path: &str, visited: &mut Vec<Segments>) {
        match (resolve(self.krate, module, &import.path, 0), &*import.name) {
            (Some(Found::Module(target)), "*") => self.module(&target, path, visited),
            (Some(Found::Module(target)), name) => self.module(&target, &format!("{path}::{name}"), visited),
            (Some(Found::Item(place)), name) => self.named(&place, path, Some(name)),
            (Some(Found::Foreign(target)), name) => {
                self.lines.insert(format!("{path}::{name} = {}", target.join("::")));
            }
            (None, name) => {
                self.lines.insert(format!("{path}::{name}: made by a macro"));
            }
        }
    }

    fn named(&mut self, place: &Place, path: &str, name: Option<&str>) {
        let full = format!("{path}::{}", name.unwrap_or(&place.1));
        let depth = full.matches("::").count();
        self.paths.entry(place.clone()).or_default().insert((depth, full));
    }

    fn print(&mut self) {
        for (place, paths) in std::mem::take(&mut self.paths) {
            let mut paths = paths.into_iter().map(|(_, path)| path);
            let first = paths.next().expect("a path");
            for other in paths {
                self.lines.insert(format!("{other} = {first}"));
            }
            let module = &self.krate.modules[&place.0];
            let item = module.items.iter().find(|item| named(item).is_some_and(|(name, _)| name == place.1));
            self.item(&place, item.expect("an item"), &first);
        }
    }

    fn item(&mut self, place: &Place, item: &Item, path: &str) {
        let mut item = item.clone();
        Foreign { krate: self.krate, module: &place.0 }.visit_item_mut(&mut item);
        let mut add = |line: String| {
            self.lines.insert(line);
        };
        match &item {
            Item::Struct(it) => {
                let marks = marks(&it.attrs);
                add(format!("{path}: {marks}struct{}{}", text(&it.generics), fields(&it.fields, false)));
            }
            Item::Enum(it) => {
                add(format!("{path}: {}enum{}", marks(&it.attrs), text(&it.generics)));
                for variant in it.variants.iter().filter(|variant| !is_hidden(&variant.attrs)) {
                    let marks = marks(&variant.attrs);
                    add(format!("{path}::{}: {marks}variant{}", variant.ident, fields(&variant.fields, true)));
                }
            }
            Item::Trait(it) => {
                let above =
                    if it.supertraits.is_empty() { String::new() } else { format!(": {}", text(&it.supertraits)) };
                add(format!("{path}: trait{}{above}", text(&it.generics)));
                for inner in &it.items {
                    match inner {
                        TraitItem::Fn(it) if !is_hidden(&it.attrs) => {
                            let given = if it.default.is_some() { "provided " } else { "" };
                            add(format!("{path}::{}: {given}{}", it.sig.ident, signature(&it.sig)));
                        }
                        TraitItem::Type(it) => add(format!("{path}::{}: type", it.ident)),
                        TraitItem::Const(it) if !is_hidden(&it.attrs) => {
                            add(format!("{path}::{}: const {}", it.ident, text(&it.ty)));
                        }
                        _ => {}
                    }
                }
            }
            Item::Fn(it) => add(format!("{path}: {}{}", marks(&it.attrs), signature(&it.sig))),
            Item::Const(it) => add(format!("{path}: const {}", text(&it.ty))),
            Item::Static(it) => add(format!("{path}: static {}", text(&it.ty))),
            Item::Type(it) => add(format!("{path}: type{} = {}", text(&it.generics), text(&it.ty))),
            Item::Macro(_) => add(format!("{path}: macro")),
            _ => {}
        }
        if matches!(item, Item::Struct(_) | Item::Enum(_) | Item::Union(_) | Item::Type(_)) {
            self.impls(place, path);
        }
    }

    /// The methods of a type, and the traits that it has, wherever in the crate they are written.
    fn impls(&mut self, place: &Place, path: &str) {
        for (module, content) in &self.krate.modules {
            for item in &content.items {
                let Item::Impl(it) = item else { continue };
                if is_test(&it.attrs) || is_hidden(&it.attrs) || !is_of(self.krate, module, &it.self_ty, place) {
                    continue;
                }
                let mut it = it.clone();
                Foreign { krate: self.krate, module }.visit_item_impl_mut(&mut it);
                if let Some((name, _)) = &it.trait_ {
                    let generics = text(&it.generics);
                    let line = format!("{path}: impl{generics} {} for {}", text(name), text(&it.self_ty));
                    self.lines.insert(line);
                    continue;
                }
                for inner in &it.items {
                    let line = match inner {
                        ImplItem::Fn(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                            format!("{path}::{}: {}{}", it.sig.ident, marks(&it.attrs), method(it))
                        }
                        ImplItem::Const(it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
                            format!("{path}::{}: const {}", it.ident, text(&it.ty))
                        }
                        _ => continue,
                    };
                    self.lines.insert(line);
                }
            }
        }
    }
}

/// The name of an item, and whether it is public and shown.
fn named(item: &Item) -> Option<(String, bool)> {
    let shown = |vis: &Visibility, attrs: &[syn::Attribute]| is_public(vis) && !is_hidden(attrs) && !is_test(attrs);
    Some(match item {
        Item::Struct(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Enum(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Union(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Trait(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Fn(it) => (it.sig.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Const(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Static(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Type(it) => (it.ident.to_string(), shown(&it.vis, &it.attrs)),
        Item::Macro(it) => {
            let exported = it.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"));
            (it.ident.as_ref()?.to_string(), exported && !is_hidden(&it.attrs))
        }
        _ => return None,
    })
}

/// Whether the type of an `impl` is this one.
fn is_of(krate: &Crate, module: &[String], of: &Type, place: &Place) -> bool {
    let Type::Path(of) = of else { return false };
    let path: Segments = of.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    matches!(resolve(krate, module, &path, 0), Some(Found::Item(found)) if found == *place)
}

/// What a path means in a module.
fn resolve(krate: &Crate, module: &[String], path: &[String], depth: usize) -> Option<Found> {
    if depth > 32 {
        return None;
    }
    let (first, rest) = path.split_first()?;
    match &**first {
        "crate" => descend(krate, Vec::new(), rest, depth),
        "self" => descend(krate, module.to_vec(), rest, depth),
        "super" => {
            let mut above = module.to_vec();
            above.pop();
            let rest = if rest.is_empty() { &[] } else { rest };
            if rest.first().is_some_and(|next| next == "super") {
                return resolve(krate, &above, rest, depth + 1);
            }
            descend(krate, above, rest, depth)
        }
        _ => descend(krate, module.to_vec(), path, depth).or_else(|| Some(Found::Foreign(path.to_vec()))),
    }
}

fn descend(krate: &Crate, module: Segments, path: &[String], depth: usize) -> Option<Found> {
    let Some((first, rest)) = path.split_first() else { return Some(Found::Module(module)) };
    let here: &Module = krate.modules.get(&module)?;
    if here.modules.contains_key(first) {
        let mut inner = module;
        inner.push(first.clone());
        return descend(krate, inner, rest, depth + 1);
    }
    if here.items.iter().any(|item| named(item).is_some_and(|(name, _)| name == *first)) {
        return Some(Found::Item((module, first.clone())));
    }
    let import = here.imports.iter().find(|import| import.name == *first && import.path.first() != Some(first));
    if let Some(import) = import {
        return follow(krate, resolve(krate, &module, &import.path, depth + 1)?, rest, depth);
    }
    let itself = here.imports.iter().find(|import| import.name == *first);
    if let Some(import) = itself {
        return Some(Found::Foreign([&import.path[..], rest].concat()));
    }
    for import in here.imports.iter().filter(|import| import.name == "*") {
        if let Some(Found::Module(target)) = resolve(krate, &module, &import.path, depth + 1)
            && target != module
            && let Some(found) = descend(krate, target, path, depth + 1)
        {
            return Some(found);
        }
    }
    None
}

fn follow(krate: &Crate, found: Found, rest: &[String], depth: usize) -> Option<Found> {
    match found {
        Found::Module(module) => descend(krate, module, rest, depth + 1),
        Found::Foreign(path) => Some(Found::Foreign([&path[..], rest].concat())),
        item => Some(item),
    }
}

/// Writes out where the names of other crates are from.
struct Foreign<'a> {
    krate: &'a Crate,
    module: &'a [String],
}

impl VisitMut for Foreign<'_> {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        syn::visit_mut::visit_path_mut(self, path);
        let names: Segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let Some(Found::Foreign(full)) = resolve(self.krate, self.module, &names, 0) else { return };
        let own = ["std", "core", "alloc", "bytes", "nodex_proto", "nodex_core", "nodex_host"];
        if full.len() <= names.len() || full.first().is_some_and(|first| own.contains(&&**first)) {
            return;
        }
        let last = path.segments.last().cloned();
        let mut written = syn::punctuated::Punctuated::new();
        for name in &full[..full.len() - 1] {
            written.push(syn::PathSegment::from(syn::Ident::new(name, proc_macro2::Span::call_site())));
        }
        written.extend(last);
        path.segments = written;
    }
}
