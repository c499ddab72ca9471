//! Checks a handler and keeps what its expansion needs.

use proc_macro2::Span;
use syn::{Attribute, FnArg, Ident, Pat, ReceiverKind, ReturnType, Safety, Signature, Type};

use super::{
    ast::{Block, Function, Member},
    attr::{Keys, Kind},
};
use crate::{
    docs::docs,
    errors::Errors,
    spans::{ends, plain_name},
    types::{contains, for_each_unowned, owned},
};

/// The most arguments a handler takes; as many as a tuple has elements.
const MAX_ARGUMENTS: usize = 12;

/// Type names that are always in scope: a service of such a name would hide the type.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

/// A handler without mistakes, as far as its tokens tell.
pub(crate) struct Handler {
    pub(crate) ident: Ident,
    /// Erlang's name.
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) docs: String,
    /// `#[cfg(..)]` of the method.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) receiver: Receiver,
    pub(crate) arguments: Vec<Type>,
    /// Their names; empty for a pattern that is none.
    pub(crate) argument_names: Vec<String>,
    pub(crate) output: ReturnType,
    pub(crate) is_async: bool,
    pub(crate) blocking: bool,
    pub(crate) only: Option<Vec<Kind>>,
}

/// How a handler takes the state of its service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receiver {
    None,
    Ref,
    Mut,
}

/// Returns a free function.
pub(crate) fn function(function: &Function, keys: Keys, errors: &mut Errors) -> Handler {
    if let Some(FnArg::Receiver(receiver)) = function.sig.inputs.first() {
        errors.at(receiver, "a method is no handler by itself: put `#[cnode_handler]` on its `impl` block");
    }
    let name = plain_name(&function.sig.ident);
    if PRIMITIVES.contains(&name.as_str()) {
        errors.at(
            &function.sig.ident,
            format_args!(
                "the service of this handler would hide the type `{name}`; name the function otherwise and add \
                 `#[cnode_handler(name = \"{name}\")]`"
            ),
        );
    }
    handler(function, keys, errors)
}

/// Returns all handlers of a block, whose `#[cnode(..)]` attributes are taken away.
pub(crate) fn block(block: &mut Block, errors: &mut Errors) -> Vec<Handler> {
    let header = &block.header;
    if let Some((path, _)) = &header.trait_ {
        errors.at(
            path,
            "the methods of a trait are no handlers: put `#[cnode_handler]` on an `impl` block of the type itself",
        );
    }
    if let Some(lifetime) = header.generics.lifetimes().next() {
        errors.at(lifetime, "the state of a node outlives every borrow: it cannot have a lifetime parameter");
    }
    let mut handlers = Vec::new();
    for member in &mut block.members {
        let Member::Function(method) = member else { continue };
        let keys = Keys::of_method(method, errors);
        if keys.skip.is_none() {
            handlers.push(handler(method, keys, errors));
            method.allow_what_handlers_must_do();
        }
    }
    if handlers.is_empty() && header.trait_.is_none() {
        errors.at(&header.self_ty, "a service has at least one handler, but this block has no method to call");
    }
    handlers
}

fn handler(function: &Function, keys: Keys, errors: &mut Errors) -> Handler {
    let sig = &function.sig;
    qualifiers(sig, errors);
    if let (Some(span), Some(_)) = (keys.blocking, sig.asyncness) {
        errors.span(span, "an async handler is not `blocking`: remove this, or the `async`");
    }
    let receiver = receiver(sig, errors);
    let typed = || {
        sig.inputs.iter().filter_map(|argument| match argument {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        })
    };
    let argument_names = typed().map(|argument| match &*argument.pat {
        Pat::Ident(name) => plain_name(&name.ident),
        _ => String::new(),
    });
    let arguments: Vec<Type> = typed()
        .map(|argument| {
            if let Some(cfg) = argument.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
                errors.at(cfg, "an argument of a handler cannot be conditional: write one handler for each case");
            }
            argument_type(&argument.ty, errors);
            (*argument.ty).clone()
        })
        .collect();
    if let Some(extra) = arguments.get(MAX_ARGUMENTS) {
        errors.at(
            extra,
            format_args!(
                "a handler takes at most {MAX_ARGUMENTS} arguments: put some of them into a struct that derives \
                 `FromTerm`"
            ),
        );
    }
    if let ReturnType::Type(_, ty) = &sig.output
        && let Type::Never(_) = **ty
    {
        errors.at(ty, "a handler returns, or its caller waits for ever; `NoReply` stands for no answer");
    }
    let (name, name_span) = match &keys.name {
        Some(name) => (name.value(), name.span()),
        None => (plain_name(&sig.ident), sig.ident.span()),
    };
    if name.chars().count() > 255 {
        errors.at(&sig.ident, "an atom has at most 255 characters: give a shorter one with `name = \"..\"`");
    }
    Handler {
        ident: sig.ident.clone(),
        name,
        name_span,
        docs: docs(&function.attrs),
        cfgs: function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
        receiver,
        arguments,
        argument_names: argument_names.collect(),
        output: sig.output.clone(),
        is_async: sig.asyncness.is_some(),
        blocking: keys.blocking.is_some(),
        only: keys.only,
    }
}

fn qualifiers(sig: &Signature, errors: &mut Errors) {
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, "a handler cannot be `unsafe`: any process of the cluster may call it");
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "a handler is an ordinary Rust function: remove the ABI");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, "a handler has a fixed number of arguments; a list of any length is a `Vec`");
    }
    if !sig.generics.params.is_empty() {
        errors
            .at(&sig.generics.params, "a handler cannot be generic: a message does not say for which type it is meant");
    }
}

fn receiver(sig: &Signature, errors: &mut Errors) -> Receiver {
    let Some(FnArg::Receiver(receiver)) = sig.inputs.first() else { return Receiver::None };
    match &receiver.kind {
        ReceiverKind::Reference(_, None, None) => return Receiver::Ref,
        ReceiverKind::Reference(_, None, Some(_)) => return Receiver::Mut,
        ReceiverKind::Reference(_, Some(_), _) => {
            errors.at(receiver, "write `&self` or `&mut self`, without a lifetime");
        }
        ReceiverKind::Value => {
            errors.at(receiver, "the state stays in the node when the call is over: take `&self` or `&mut self`")
        }
        _ => errors.at(receiver, "a handler takes its state as `&self` or `&mut self`"),
    }
    Receiver::None
}

/// Refuses what no message can hold, however deep it is inside of the type.
fn argument_type(ty: &Type, errors: &mut Errors) {
    for_each_unowned(ty, &mut |inner| match inner {
        Type::Reference(reference) => {
            let hint = reference.mutability.map_or("", |_| ", or keep it in the state and take `&mut self`");
            errors
                .at(inner, format_args!("the arguments of a handler are owned: take {}{hint}", owned(&reference.elem)));
        }
        _ => errors.at(inner, "a handler cannot be generic: name the type; a `RawTerm` or a `Term` holds any term"),
    });
}

impl Handler {
    /// Returns the return type; none when there is nothing to name: no type at all, or one with `impl Trait` in it.
    pub(crate) fn output_type(&self) -> Option<&Type> {
        match &self.output {
            ReturnType::Type(_, ty) if !contains(ty, |token| token == "impl" || token == "_") => Some(ty),
            _ => None,
        }
    }

    /// Returns `true` when the result may borrow from the state.
    pub(crate) fn output_borrows(&self) -> bool {
        let ReturnType::Type(_, ty) = &self.output else { return false };
        self.receiver != Receiver::None && contains(ty, |token| token == "&" || token == "'" || token == "impl")
    }

    /// Returns the place that an error about the result underlines: first and last token.
    pub(crate) fn output_spans(&self) -> (Span, Span) {
        match &self.output {
            ReturnType::Default => (self.ident.span(), self.ident.span()),
            ReturnType::Type(_, ty) => ends(ty),
        }
    }
}
