//! Through the code of a module, from one path to the next.

use std::collections::BTreeSet;

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::{
    Attribute, Block, ImplItem, Item, Local, Macro, Pat, Path, Stmt, TraitItem, Visibility,
    visit::{self, Visit},
};

use super::{
    Graph, Outside, Use,
    load::{Body, enter, head, imports, is_for_tests},
    lookup::Lookup,
    names::{Found, Scope, Scopes, Space},
};

/// Adds all that the code of a module uses.
pub(super) fn walk(body: &Body, graph: &mut Graph, scopes: &mut Scopes) {
    let mut walker = Walker {
        graph,
        scopes,
        file: body.file,
        scope: body.scope,
        space: Space::All,
        in_use: false,
        locals: Vec::new(),
    };
    body.items.iter().for_each(|item| walker.visit_item(item));
}

struct Walker<'a> {
    graph: &'a mut Graph,
    scopes: &'a mut Scopes,
    file: usize,
    scope: usize,
    /// What the next path names.
    space: Space,
    /// In a `use`, all of whose names are there.
    in_use: bool,
    /// The variables of the functions around, which hide items of their name.
    locals: Vec<BTreeSet<String>>,
}

impl Walker<'_> {
    fn with_space(&mut self, space: Space, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.space, space);
        visit(self);
        self.space = before;
    }

    /// Enters what a path names. One that begins as only a path of a crate can, and one of a `use`, leads somewhere.
    fn used(&mut self, path: &[String], absolute: bool, space: Space, line: usize) {
        let first = path.first().map(String::as_str).unwrap_or_default();
        if path.len() == 1 && !absolute && self.locals.iter().any(|locals| locals.contains(first)) {
            return;
        }
        let mut lookup = Lookup::new(self.scopes, &self.graph.crates);
        let mut found = lookup.path(self.scope, path, absolute, space);
        if found.is_empty() && space != Space::All {
            // A path in a pattern or of an enum may name what stands elsewhere as well.
            found = lookup.path(self.scope, path, absolute, Space::All);
        }
        if found.is_empty()
            && (space == Space::Macros || self.in_use)
            && let (1, Some(file)) = (path.len(), lookup.textual(self.scopes.all[self.scope].krate, first))
        {
            found.push(Found::Item(file));
        }
        let is_certain = self.in_use || path.len() > 1 && ["crate", "self", "super"].contains(&first);
        if found.is_empty() && is_certain {
            let file = &self.graph.modules[self.file].file;
            self.graph.problems.push(format!("{file}:{line}: {} leads nowhere", path.join("::")));
        }
        for one in found {
            self.found(one, path, line);
        }
    }

    fn found(&mut self, found: Found, path: &[String], line: usize) {
        let to = match found {
            Found::Module(_) => return,
            Found::Enum(scope) => self.scopes.all[scope].file,
            Found::Item(file) => file,
            Found::Outside(path) => return self.graph.outside.push(Outside { from: self.file, line, path }),
        };
        if to != self.file {
            self.graph.uses.push(Use { from: self.file, to, line, name: path.join("::") });
        }
    }

    /// All paths in the tokens of a macro: which words are paths and which are not is for the macro to say, so those that
    /// lead nowhere are skipped.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colons = |at: usize| match (tokens.get(at), tokens.get(at + 1)) {
            (Some(TokenTree::Punct(first)), Some(TokenTree::Punct(second))) => {
                first.as_char() == ':' && first.spacing() == Spacing::Joint && second.as_char() == ':'
            }
            _ => false,
        };
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.tokens(group.stream()),
                // What follows a point is a field or a method, what follows a `'` a lifetime, and what follows a `$` a
                // variable of the macro.
                TokenTree::Punct(punct) if ['.', '\'', '$'].contains(&punct.as_char()) => {
                    let is_word = match tokens.get(at + 1) {
                        Some(TokenTree::Ident(ident)) => punct.as_char() != '$' || ident != "crate",
                        _ => false,
                    };
                    at += usize::from(is_word);
                }
                TokenTree::Ident(ident) => {
                    let absolute = at >= 2 && is_colons(at - 2);
                    let mut path = vec![ident.to_string()];
                    while is_colons(at + 1)
                        && let Some(TokenTree::Ident(next)) = tokens.get(at + 3)
                    {
                        path.push(next.to_string());
                        at += 3;
                    }
                    let is_macro =
                        matches!(tokens.get(at + 1), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
                    self.word(&path, absolute, is_macro, ident.span().start().line);
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// A path in tokens.
    fn word(&mut self, path: &[String], absolute: bool, is_macro: bool, line: usize) {
        let mut lookup = Lookup::new(self.scopes, &self.graph.crates);
        let is_local = path.len() == 1 && self.locals.iter().any(|locals| locals.contains(&path[0]));
        if !is_local && !lookup.path(self.scope, path, absolute, Space::All).is_empty() {
            self.used(path, absolute, Space::All, line);
        } else if is_macro && path.len() == 1 {
            self.used(path, false, Space::Macros, line);
        }
    }

    fn inside_function(&mut self, locals: BTreeSet<String>, visit: impl FnOnce(&mut Self)) {
        self.locals.push(locals);
        visit(self);
        self.locals.pop();
    }
}

impl<'ast> Visit<'ast> for Walker<'_> {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // Derived traits; all else is for others to read.
        if attribute.path().is_ident("derive")
            && let syn::Meta::List(list) = &attribute.meta
        {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item(&mut self, item: &'ast Item) {
        if head(item).is_some_and(|(attributes, _)| is_for_tests(attributes)) {
            return;
        }
        self.in_use = matches!(item, Item::Use(_));
        match item {
            Item::Use(item) if matches!(item.vis, Visibility::Inherited) => {
                for (name, path, space) in imports(&item.tree) {
                    let line = item.use_token.span.start().line;
                    if name.is_some() {
                        self.used(&path, item.leading_colon.is_some(), space, line);
                    } else {
                        self.glob(&path, item.leading_colon.is_some(), line);
                    }
                }
            }
            Item::Use(item) => {
                // Who uses what is given on here has the edge; that it leads somewhere is looked at all the same.
                let count = self.graph.uses.len();
                for (_, path, space) in imports(&item.tree).into_iter().filter(|(_, path, _)| !path.is_empty()) {
                    self.used(&path, item.leading_colon.is_some(), space, item.use_token.span.start().line);
                }
                self.graph.uses.truncate(count);
            }
            _ => visit::visit_item(self, item),
        }
        self.in_use = false;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.inside_function(locals(|all| all.visit_item_fn(item)), |walker| visit::visit_item_fn(walker, item));
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if is_for_tests(attributes) {
            return;
        }
        self.inside_function(locals(|all| all.visit_impl_item(item)), |walker| visit::visit_impl_item(walker, item));
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        self.inside_function(locals(|all| all.visit_trait_item(item)), |walker| visit::visit_trait_item(walker, item));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let has_items = block.stmts.iter().any(|statement| matches!(statement, Stmt::Item(_)));
        if !has_items {
            return visit::visit_block(self, block);
        }
        let outer = self.scope;
        let (krate, file) = (self.scopes.all[outer].krate, self.file);
        self.scope = self.scopes.add(Scope { krate, file, parent: Some(outer), is_block: true, ..Scope::default() });
        for statement in &block.stmts {
            if let Stmt::Item(item) = statement {
                enter(item, self.scope, self.scopes);
            }
        }
        visit::visit_block(self, block);
        self.scope = outer;
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if !is_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        let attributes: &[Attribute] = match expression {
            syn::Expr::Block(block) => &block.attrs,
            syn::Expr::If(branch) => &branch.attrs,
            syn::Expr::Call(call) => &call.attrs,
            syn::Expr::MethodCall(call) => &call.attrs,
            syn::Expr::Macro(call) => &call.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            self.with_space(Space::Values, |walker| visit::visit_expr(walker, expression));
        }
    }

    fn visit_expr_struct(&mut self, expression: &'ast syn::ExprStruct) {
        self.with_space(Space::Types, |walker| visit::visit_expr_struct(walker, expression));
    }

    fn visit_type(&mut self, one: &'ast syn::Type) {
        self.with_space(Space::Types, |walker| visit::visit_type(walker, one));
    }

    fn visit_trait_bound(&mut self, bound: &'ast syn::TraitBound) {
        self.with_space(Space::Types, |walker| visit::visit_trait_bound(walker, bound));
    }

    fn visit_pat(&mut self, pattern: &'ast Pat) {
        if let Pat::Ident(ident) = pattern
            && is_constant(&ident.ident.to_string())
        {
            let line = ident.ident.span().start().line;
            self.used(&[ident.ident.to_string()], false, Space::Values, line);
        }
        let space = if matches!(pattern, Pat::Struct(_)) { Space::Types } else { Space::Values };
        self.with_space(space, |walker| visit::visit_pat(walker, pattern));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.used(&names, path.leading_colon.is_some(), self.space, line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.with_space(Space::Macros, |walker| walker.visit_path(&call.path));
        self.tokens(call.tokens.clone());
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        match item.ident {
            // `macro_rules!`: what it makes uses what its text names.
            Some(_) => self.tokens(item.mac.tokens.clone()),
            None => self.visit_macro(&item.mac),
        }
    }
}

impl Walker<'_> {
    /// `use path::*` is no use of anything, but of a crate outside nobody can see what of it is used.
    fn glob(&mut self, path: &[String], absolute: bool, line: usize) {
        for found in Lookup::new(self.scopes, &self.graph.crates).path(self.scope, path, absolute, Space::Types) {
            if let Found::Outside(path) = found {
                self.graph.outside.push(Outside { from: self.file, line, path });
            }
        }
    }
}

/// A name in a pattern is a constant or a variant if it begins like one, and else a variable.
fn is_constant(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}

/// The variables in some code.
fn locals(visit: impl FnOnce(&mut Locals)) -> BTreeSet<String> {
    let mut locals = Locals(BTreeSet::new());
    visit(&mut locals);
    locals.0
}

struct Locals(BTreeSet<String>);

impl<'ast> Visit<'ast> for Locals {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        let name = pattern.ident.to_string();
        if !is_constant(&name) {
            self.0.insert(name);
        }
        visit::visit_pat_ident(self, pattern);
    }
}
