//! Writes the services.
//!
//! Every token that is not the user's own has a `mixed_site` span: local names cannot meet the user's, and lints leave
//! the expansion alone. Where an error is possible the token also lies where the user made the mistake.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Generics, ReturnType, Type};

use super::{
    ast::{Block, Function, Member},
    attr::{BlockKeys, Kind},
    valid::{Handler, Receiver},
};
use crate::spans::{allow_deprecated, at, ends, local, member_of, respan};

/// Returns the service of a free function: a struct of its name, which lives beside it because its braces keep it out
/// of the namespace of functions.
pub(crate) fn function(function: &Function, handler: &Handler) -> TokenStream {
    let node = node();
    let service = service_struct(function);
    let ident = &function.sig.ident;
    let cfgs = &handler.cfgs;
    let allow = allow_deprecated(&function.attrs);
    let description = description(handler);
    let body = body(handler, Holder::None);
    let checks = checks(handler);
    let (call, extensions) = (local("call"), local("extensions"));
    let mutability = mutability(handler);
    quote! {
        #service

        #(#cfgs)*
        #[automatically_derived]
        #allow
        impl #node::Service for #ident {
            fn functions(&self) -> ::std::vec::Vec<#node::Function> {
                ::std::vec![#description]
            }

            fn call(&self, _: usize, #mutability #call: #node::Call<'_>) -> #node::Handled {
                #body
            }

            fn check(&self, #extensions: &#node::Extensions) -> ::core::result::Result<(), #node::MissingState> {
                let _ = #extensions;
                #checks
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// Returns a service of the function's name that answers nothing, so that a mistake in the function is not also
/// reported wherever the service is used.
pub(crate) fn function_fallback(function: &Function) -> TokenStream {
    let node = node();
    let service = service_struct(function);
    let cfgs = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let ident = &function.sig.ident;
    quote! {
        #service

        #(#cfgs)*
        #[automatically_derived]
        impl #node::Service for #ident {
            fn functions(&self) -> ::std::vec::Vec<#node::Function> {
                ::std::vec::Vec::new()
            }

            fn call(&self, _: usize, call: #node::Call<'_>) -> #node::Handled {
                call.no_reply()
            }
        }
    }
}

fn service_struct(function: &Function) -> TokenStream {
    let (vis, ident) = (&function.vis, &function.sig.ident);
    let cfgs = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let doc = format!("The service of the handler [`{ident}`](fn@{ident}).");
    // A clash with another type of this name is reported at the name.
    let item = quote_spanned!(at(ident.span())=> struct #ident {});
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #[allow(non_camel_case_types)]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #vis #item
    }
}

/// Returns the service of an `impl` block.
pub(crate) fn block(block: &Block, handlers: &[Handler], keys: &BlockKeys) -> TokenStream {
    let node = node();
    let generics = &block.header.generics;
    let self_type = &block.header.self_ty;
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let locked = handlers.iter().any(|handler| handler.receiver == Receiver::Mut);
    // What a state must be and is not is said at its type.
    let (first, last) = ends(self_type);
    let open = quote_spanned!(at(first)=> ::);
    let holder = if locked {
        quote_spanned!(at(last)=> #open nodex::__private::node::Lock<Self>)
    } else {
        quote_spanned!(at(last)=> #open std::sync::Arc<Self>)
    };
    // So are two blocks of one type.
    let impl_token = quote_spanned!(at(block.header.impl_token.span)=> impl);
    let served = quote_spanned!(at(last)=> #open nodex::__private::node::Served<Self>);
    let kind = if locked { Holder::Lock } else { Holder::Arc };

    let count = handlers.len();
    let (functions, state, function, call, extensions) =
        (local("functions"), local("state"), local("function"), local("call"), local("extensions"));
    let pushes = handlers.iter().map(|handler| {
        let (cfgs, description) = (&handler.cfgs, description(handler));
        quote!(#(#cfgs)* #functions.push(#description);)
    });
    let (positions, patterns) = positions(handlers);
    let arms = handlers.iter().zip(patterns).map(|(handler, pattern)| {
        let (cfgs, body) = (&handler.cfgs, body(handler, kind));
        quote!(#(#cfgs)* #pattern => { #body })
    });
    let checks = handlers.iter().map(|handler| {
        let (cfgs, checks) = (&handler.cfgs, checks(handler));
        quote!(#(#cfgs)* { #checks })
    });
    let mutability = handlers.iter().any(|handler| !handler.arguments.is_empty()).then(|| quote!(mut));
    let allow = allow_deprecated(block.members.iter().flat_map(Member::attributes));
    let distinct = distinct(handlers);
    let system_state = system_state(keys);
    let force = force_distinct(generics, self_type);
    quote! {
        #[automatically_derived]
        #allow
        #impl_token #impl_generics #node::Serve for #self_type #where_clause {
            type State = #holder;

            const DISTINCT: () = { #distinct };

            fn functions() -> ::std::vec::Vec<#node::Function> {
                let mut #functions = ::std::vec::Vec::with_capacity(#count);
                #(#pushes)*
                #functions
            }

            fn call(#state: &Self::State, #function: usize, #mutability #call: #node::Call<'_>) -> #node::Handled {
                let _ = #state;
                #(#positions)*
                match #function {
                    #(#arms)*
                    _ => #call.no_reply(),
                }
            }

            fn check(#extensions: &#node::Extensions) -> ::core::result::Result<(), #node::MissingState> {
                let _ = #extensions;
                #(#checks)*
                ::core::result::Result::Ok(())
            }

            #system_state
        }

        #[automatically_derived]
        #impl_token #impl_generics #node::IntoService for #self_type #where_clause {
            type Service = #served;

            fn into_service(self) -> Self::Service {
                #node::Served::new(self)
            }
        }

        #force
    }
}

/// Shows the state to `sys`, if the block says so. That it is no term is said at the key, or at the function.
fn system_state(keys: &BlockKeys) -> Option<TokenStream> {
    let keys = keys.sys_state.as_ref()?;
    let node = node();
    let (state, out) = (local("state"), local("out"));
    let shown = match &keys.path {
        None => quote!(#state),
        Some(path) => quote!(&#path(#state)),
    };
    let place = keys.path.as_ref().map_or(keys.span, |path| ends(path).1);
    let encode = quote_spanned!(at(place)=> ::nodex::__private::convert::IntoTerm::encode(#shown, #out));
    Some(quote! {
        fn system_state(#state: &Self::State) -> ::core::option::Option<#node::SystemState> {
            ::core::option::Option::Some(
                <Self::State as #node::Shown<Self>>::shown(#state, |#state, #out| #encode),
            )
        }
    })
}

/// As [`function_fallback`], for a block of a type without lifetimes.
pub(crate) fn block_fallback(block: &Block) -> TokenStream {
    let node = node();
    let generics = &block.header.generics;
    let self_type = &block.header.self_ty;
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #node::IntoService for #self_type #where_clause {
            type Service = #node::Functions;

            fn into_service(self) -> Self::Service {
                #node::Functions::new()
            }
        }
    }
}

/// Where a handler finds its state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    None,
    Arc,
    Lock,
}

fn node() -> TokenStream {
    quote!(::nodex::__private::node)
}

fn argument_member(ty: &Type, member: &str) -> TokenStream {
    let node = node();
    member_of(ty, quote!(#node::FromArg), member)
}

fn arity(handler: &Handler) -> TokenStream {
    let terms = handler.arguments.iter().map(|ty| argument_member(ty, "TERMS"));
    quote!(0 #(+ #terms)*)
}

/// Returns the `Function` that describes a handler.
fn description(handler: &Handler) -> TokenStream {
    let node = node();
    let (name, arity) = (&handler.name, arity(handler));
    let doc = (!handler.docs.is_empty()).then(|| {
        let docs = &handler.docs;
        quote!(.doc(#docs))
    });
    let accepts = handler.only.as_ref().map(|kinds| {
        let mut kinds = kinds.iter().map(|kind| match kind {
            Kind::Plain => quote!(#node::Accepts::PLAIN),
            Kind::Call => quote!(#node::Accepts::CALL),
            Kind::Cast => quote!(#node::Accepts::CAST),
            Kind::Rpc => quote!(#node::Accepts::RPC),
        });
        let first = kinds.next();
        quote!(.accepts(#first #(.or(#kinds))*))
    });
    let signature = signature(handler);
    quote!(#node::Function::new(#name, #arity) #doc #accepts #signature)
}

/// Returns the description of the types of a handler. A type that is not a reply is reported by the check for replies.
fn signature(handler: &Handler) -> TokenStream {
    let (node, describe, types) = (node(), quote!(::nodex::__private::describe), local("types"));
    let outcome = match (handler.output_type(), &handler.output) {
        (Some(ty), _) => {
            quote!({
                use #node::{OfAnything as _, OfReply as _};
                (&#node::ReplyType::<#ty>::new()).outcome(#types)
            })
        }
        (None, ReturnType::Default) => quote!(<() as #node::IntoReply>::outcome(#types)),
        (None, ReturnType::Type(..)) => quote!(#describe::Outcome::reply(#describe::Type::Term)),
    };
    let arguments = handler.arguments.iter().zip(&handler.argument_names).map(|(ty, name)| {
        let argument = argument_member(ty, "argument");
        quote!(.and(#argument(#name, #types)))
    });
    quote!(.signature(|#types| {
        let _ = &#types;
        #describe::Signature::new(#outcome) #(#arguments)*
    }))
}

/// `mut`, if the call is asked for arguments.
fn mutability(handler: &Handler) -> Option<TokenStream> {
    (!handler.arguments.is_empty()).then(|| quote!(mut))
}

fn checks(handler: &Handler) -> TokenStream {
    let extensions = local("extensions");
    let checks = handler.arguments.iter().map(|ty| argument_member(ty, "check"));
    quote!(#(#checks(#extensions)?;)*)
}

/// Takes the arguments, calls the handler and answers.
fn body(handler: &Handler, holder: Holder) -> TokenStream {
    let (call, value, rejection) = (local("call"), local("value"), local("rejection"));
    let names: Vec<Ident> = (0..handler.arguments.len()).map(|i| local(&format!("argument_{i}"))).collect();
    let takes = handler.arguments.iter().zip(&names).map(|(ty, name)| {
        let from_arg = argument_member(ty, "from_arg");
        quote! {
            let #name = match #from_arg(#call.args()) {
                ::core::result::Result::Ok(#value) => #value,
                ::core::result::Result::Err(#rejection) => return #call.reject(#rejection),
            };
        }
    });
    let answer = answer(handler, holder, &names);
    quote!(#(#takes)* #answer)
}

/// `call.reply(handler(..))` or what takes its place.
///
/// Whatever the compiler may find wrong with the reply or with the future, it finds in an expression that begins at the
/// first and ends at the last token of the return type. That it is always the same place has it reported once.
fn answer(handler: &Handler, holder: Holder, names: &[Ident]) -> TokenStream {
    let (call, state) = (local("call"), local("state"));
    let (first, last) = handler.output_spans();
    let (first, last) = (at(first), at(last));
    let ident = &handler.ident;
    let path = match holder {
        Holder::None => ident.to_token_stream(),
        Holder::Arc | Holder::Lock => quote!(Self::#ident),
    };
    let await_ = handler.is_async.then(|| quote!(.await));
    let invoke = |state: Option<TokenStream>| {
        let arguments = state.into_iter().chain(names.iter().map(ToTokens::to_token_stream));
        checked(handler, &quote_spanned!(at(ident.span())=> #path(#(#arguments),*) #await_))
    };
    let finish = |method: &str, arguments: TokenStream| {
        let (node, method) = (respan(node(), last), Ident::new(method, last));
        let open = quote_spanned!(first=> <);
        quote_spanned!(last=> #open #node::Call<'_>>::#method(#call, #arguments))
    };
    let async_ = |body: TokenStream| {
        let open = quote_spanned!(first=> async move);
        finish("run", quote_spanned!(last=> #open { #body }))
    };
    let closure = |parameter: TokenStream, body: TokenStream| {
        let open = quote_spanned!(first=> move |#parameter|);
        quote_spanned!(last=> #open { #body })
    };
    match (handler.receiver, holder) {
        (Receiver::None, _) | (_, Holder::None) => {
            let invoke = invoke(None);
            if handler.is_async {
                async_(invoke)
            } else if handler.blocking {
                finish("blocking", closure(TokenStream::new(), invoke))
            } else {
                finish("reply", invoke)
            }
        }
        (_, Holder::Arc) => {
            let invoke = invoke(Some(quote!(&#state)));
            let shared = quote!(let #state = ::std::sync::Arc::clone(#state););
            if handler.is_async {
                let run = async_(invoke);
                quote!(#shared #run)
            } else if handler.blocking {
                let blocking = finish("blocking", closure(TokenStream::new(), invoke));
                quote!(#shared #blocking)
            } else {
                finish("reply", invoke)
            }
        }
        (receiver, Holder::Lock) if handler.is_async => {
            let (invoke, guard) = match receiver {
                Receiver::Mut => (invoke(Some(quote!(&mut #state))), quote!(let mut #state = #state.write().await;)),
                _ => (invoke(Some(quote!(&#state))), quote!(let #state = #state.read().await;)),
            };
            let run = async_(quote!(#guard #invoke));
            quote!(let #state = ::core::clone::Clone::clone(#state); #run)
        }
        (receiver, Holder::Lock) => {
            let (method, reference) = match (receiver, handler.blocking) {
                (Receiver::Mut, false) => ("with_mut", quote!(&mut Self)),
                (Receiver::Mut, true) => ("blocking_mut", quote!(&mut Self)),
                (_, false) => ("with_ref", quote!(&Self)),
                (_, true) => ("blocking_ref", quote!(&Self)),
            };
            let work = closure(quote!(#state: #reference), invoke(Some(state.to_token_stream())));
            let mut state = state;
            state.set_span(at(handler.ident.span()));
            finish(method, quote!(#state, #work))
        }
    }
}

/// Returns the value that a handler returned, with its type known to be a reply. One that may borrow from a state that
/// is not at hand for as long as the reply is encoded at once.
fn checked(handler: &Handler, value: &TokenStream) -> TokenStream {
    let node = node();
    let value = match handler.output_type() {
        Some(ty) => {
            let checked = member_of(ty, quote!(#node::Checked), "checked");
            quote_spanned!(at(ends(ty).1)=> #checked(#value))
        }
        None => value.clone(),
    };
    match handler.output_borrows() {
        true => quote!(#node::Encoded::new(#value)),
        false => value,
    }
}

/// Returns the patterns of the handlers' positions, and the constants that they need: a method may be compiled out, and
/// then those behind it move up.
fn positions(handlers: &[Handler]) -> (Vec<TokenStream>, Vec<TokenStream>) {
    if handlers.iter().all(|handler| handler.cfgs.is_empty()) {
        return (Vec::new(), (0..handlers.len()).map(|position| quote!(#position)).collect());
    }
    let position_name = |position: usize| format_ident!("_NODEX_{position}", span = Span::mixed_site());
    let constants = handlers.iter().enumerate().map(|(position, _)| {
        let name = position_name(position);
        let Some(before) = position.checked_sub(1) else { return quote!(const #name: usize = 0;) };
        let previous = position_name(before);
        let predicates = handlers[before].cfgs.iter().filter_map(predicate);
        quote!(const #name: usize = #previous + ::core::cfg!(all(#(#predicates),*)) as usize;)
    });
    (constants.collect(), (0..handlers.len()).map(|position| position_name(position).into_token_stream()).collect())
}

/// Returns the inside of `#[cfg(..)]`.
fn predicate(attribute: &Attribute) -> Option<TokenStream> {
    attribute.meta.require_list().ok().map(|list| list.tokens.clone())
}

/// Asserts that handlers of one name differ in arity, which their types decide.
fn distinct(handlers: &[Handler]) -> TokenStream {
    let mut asserts = TokenStream::new();
    for (position, second) in handlers.iter().enumerate() {
        for first in handlers[..position].iter().filter(|first| first.name == second.name) {
            let (first_arity, second_arity) = (arity(first), arity(second));
            let cfgs = first.cfgs.iter().chain(&second.cfgs);
            let message = format!(
                "`{}` and `{}` both answer `{}` with the same number of terms",
                first.ident, second.ident, second.name
            );
            let assert =
                quote_spanned!(at(second.name_span)=> ::core::assert!((#first_arity) != (#second_arity), #message););
            asserts.extend(quote!(#(#cfgs)* #assert));
        }
    }
    asserts
}

/// Has the compiler look at `DISTINCT` even if nothing uses the service. With generic types it cannot.
fn force_distinct(generics: &Generics, self_type: &Type) -> Option<TokenStream> {
    let node = node();
    generics.params.is_empty().then(|| quote!(const _: () = <#self_type as #node::Serve>::DISTINCT;))
}
