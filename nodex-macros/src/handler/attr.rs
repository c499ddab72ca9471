//! The keys of `#[cnode_handler(..)]` on a function or on a block, and of `#[cnode(..)]` on a method.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, ExprPath, LitStr, Meta};

use super::ast::Function;
use crate::{
    errors::Errors,
    keys::{self, Entry, set},
};

/// What one handler's attribute says.
#[derive(Default)]
pub(crate) struct Keys {
    /// `name = ".."`: Erlang's name of the function.
    pub(crate) name: Option<LitStr>,
    /// `only(..)`: the kinds of messages that reach it.
    pub(crate) only: Option<Vec<Kind>>,
    /// `blocking`: runs on a thread of its own.
    pub(crate) blocking: Option<Span>,
    /// `skip`: no handler.
    pub(crate) skip: Option<Span>,
}

/// What the attribute of a block says.
#[derive(Default)]
pub(crate) struct BlockKeys {
    /// `sys_state` or `sys_state = path`: the state is shown to `sys:get_state/1`, as it is or as this function shows it.
    pub(crate) sys_state: Option<SysState>,
}

/// Where the key stands, and the function that makes a term of the state, if it is not one itself.
pub(crate) struct SysState {
    pub(crate) span: Span,
    pub(crate) path: Option<ExprPath>,
}

impl BlockKeys {
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut keys = BlockKeys::default();
        for entry in keys::entries(tokens, errors) {
            let entry = &entry;
            match entry.name().as_str() {
                "sys_state" => {
                    let path = entry.optional_path(errors);
                    let value = path.map(|path| SysState { span: entry.span(), path });
                    set(&mut keys.sys_state, value, entry, errors);
                }
                "name" | "only" | "blocking" | "skip" => {
                    errors.span(entry.span(), "the keys of a handler stand on its method, in `#[cnode(..)]`");
                }
                _ => errors.span(
                    entry.span(),
                    format_args!(
                        "unknown key `{}`; a block of handlers takes `sys_state`, `sys_state = path`",
                        entry.key
                    ),
                ),
            }
        }
        keys
    }
}

/// A kind of message, named as the constants of `Accepts`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Call,
    Cast,
    Rpc,
}

impl Keys {
    /// Returns the keys of a free function.
    pub(crate) fn of_function(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut keys = Keys::default();
        keys.read(tokens, false, errors);
        keys
    }

    /// Returns the keys of a method, whose `#[cnode(..)]` attributes are taken away.
    pub(crate) fn of_method(method: &mut Function, errors: &mut Errors) -> Self {
        let mut keys = Keys::default();
        method.attrs.retain(|attribute| {
            if last_segment_is(attribute, "cnode_handler") {
                errors.at(
                    attribute,
                    "the attribute of the `impl` block covers its methods; a method's own keys stand in `#[cnode(..)]`",
                );
                return false;
            }
            if !attribute.path().is_ident("cnode") {
                return true;
            }
            match &attribute.meta {
                Meta::List(list) => keys.read(list.tokens.clone(), true, errors),
                Meta::Path(_) | Meta::NameValue(_) => {
                    errors.at(attribute, "expected `#[cnode(..)]` with at least one key");
                }
            }
            false
        });
        if let Some(span) = keys.skip
            && (keys.name.is_some() || keys.only.is_some() || keys.blocking.is_some())
        {
            errors.span(span, "a skipped method is no handler and takes no other key");
        }
        keys
    }

    fn read(&mut self, tokens: TokenStream, method: bool, errors: &mut Errors) {
        for entry in keys::entries(tokens, errors) {
            let entry = &entry;
            match entry.name().as_str() {
                "name" => set(&mut self.name, entry.atom(errors), entry, errors),
                "only" => set(&mut self.only, kinds(entry, errors), entry, errors),
                "blocking" => set(&mut self.blocking, entry.flag(errors), entry, errors),
                "skip" if method => set(&mut self.skip, entry.flag(errors), entry, errors),
                _ => {
                    let more = if method { ", `skip`" } else { "" };
                    errors.span(
                        entry.span(),
                        format_args!(
                            "unknown key `{}`; a handler takes `name = \"..\"`, `only(..)`, `blocking`{more}",
                            entry.key
                        ),
                    );
                }
            }
        }
    }
}

fn last_segment_is(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

fn kinds(entry: &Entry, errors: &mut Errors) -> Option<Vec<Kind>> {
    const KNOWN: &str = "`plain`, `call`, `cast`, `rpc`";
    let list = entry.list(errors)?;
    if list.is_empty() {
        errors.span(entry.span(), format_args!("`only` names at least one kind of message: {KNOWN}"));
    }
    let mut kinds = Vec::new();
    for entry in list {
        let kind = match entry.name().as_str() {
            "plain" => Kind::Plain,
            "call" => Kind::Call,
            "cast" => Kind::Cast,
            "rpc" => Kind::Rpc,
            _ => {
                errors.span(entry.span(), format_args!("unknown kind of message `{}`; there are {KNOWN}", entry.key));
                continue;
            }
        };
        entry.flag(errors);
        if kinds.contains(&kind) {
            errors.span(entry.span(), format_args!("`{}` is given twice", entry.key));
        }
        kinds.push(kind);
    }
    Some(kinds)
}
