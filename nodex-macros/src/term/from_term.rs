//! Writes `FromTerm`: straight from the bytes into the fields.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{
    ast::{Body, Default, Field, Input, Kind, Shape, Undefined, Variant},
    bounds, describe,
    valid::{self, Direction},
};
use crate::spans::{at, ends, local, member_of};

pub(crate) fn expand(input: &Input) -> TokenStream {
    let (ident, label) = (&input.ident, &input.label);
    let private = quote!(::nodex::__private);
    let derive = derive();
    let generics = bounds::add(input, &from_term(), true);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let allow = &input.allow;
    let decoder = local("decoder");
    let could_be = known_kinds(&input.body);
    let description = describe::method(input, Direction::From);
    let body = match &input.body {
        Body::Struct(shape) => structure(shape, &quote!(Self)),
        Body::Enum { variants, untagged: false } => tagged(variants),
        Body::Enum { variants, untagged: true } => untagged(variants),
    };
    quote! {
        #[automatically_derived]
        #allow
        impl #impl_generics #private::convert::FromTerm for #ident #type_generics #where_clause {
            #could_be

            fn decode(
                #decoder: &mut #private::etf::Decoder<'_>,
            ) -> ::core::result::Result<Self, #private::convert::DecodeError> {
                #derive::labelled(#decoder, #label, |#decoder| { #body })
            }

            #description
        }
    }
}

/// As that of `IntoTerm`.
pub(crate) fn fallback(input: &syn::DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let private = quote!(::nodex::__private);
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::convert::FromTerm for #ident #type_generics #where_clause {
            fn decode(
                _: &mut #private::etf::Decoder<'_>,
            ) -> ::core::result::Result<Self, #private::convert::DecodeError> {
                loop {}
            }
        }
    }
}

fn from_term() -> TokenStream {
    quote!(::nodex::__private::convert::FromTerm)
}

fn derive() -> TokenStream {
    quote!(::nodex::__private::convert::derive)
}

/// Reads a struct, or a variant of an untagged enum.
fn structure(shape: &Shape, constructor: &TokenStream) -> TokenStream {
    let (derive, decoder) = (derive(), local("decoder"));
    let head = match &shape.kind {
        Kind::Atom(name) => quote!(#derive::tag(#decoder, #name)?;),
        Kind::Tuple { tag } => {
            let arity = shape.written().count() + usize::from(tag.is_some());
            let tag = tag
                .as_ref()
                .map(|tag| quote!(#derive::labelled(#decoder, "element 1", |#decoder| #derive::tag(#decoder, #tag))?;));
            quote!(#derive::tuple(#decoder, #arity)?; #tag)
        }
        Kind::Transparent | Kind::Map { .. } => TokenStream::new(),
    };
    let contents = contents(shape, constructor);
    quote!(#head #contents)
}

/// Generates the code that reads the fields, after the head and the tag, if there are any.
fn contents(shape: &Shape, constructor: &TokenStream) -> TokenStream {
    match &shape.kind {
        Kind::Atom(_) => construct(shape, constructor, |_| TokenStream::new()),
        Kind::Transparent => construct(shape, constructor, |field| {
            let (decode, decoder) = (decode_member(field), local("decoder"));
            quote!(#decode(#decoder)?)
        }),
        Kind::Tuple { tag } => elements(shape, constructor, 1 + usize::from(tag.is_some())),
        Kind::Map { constants, .. } => map(shape, constructor, constants),
    }
}

/// `Ok(Self { .. })`, with `value` for every field that was read.
fn construct(shape: &Shape, constructor: &TokenStream, value: impl Fn(&Field) -> TokenStream) -> TokenStream {
    let fields = shape.fields.iter().map(|field| {
        let member = &field.member;
        let value = if field.skip { default(field) } else { value(field) };
        quote!(#member: #value)
    });
    quote!(::core::result::Result::Ok(#constructor { #(#fields),* }))
}

fn elements(shape: &Shape, constructor: &TokenStream, first: usize) -> TokenStream {
    let (derive, decoder) = (derive(), local("decoder"));
    let reads = shape.written().enumerate().map(|(position, field)| {
        let (slot, decode) = (slot(shape, field), decode(field));
        let part = match field.key.as_str() {
            "" => format!("element {}", first + position),
            name => format!("element {} ({name})", first + position),
        };
        quote!(let #slot = #derive::labelled(#decoder, #part, #decode)?;)
    });
    let done = construct(shape, constructor, |field| {
        let slot = slot(shape, field);
        quote!(#slot)
    });
    quote!(#(#reads)* #done)
}

fn map(shape: &Shape, constructor: &TokenStream, constants: &[(&'static str, String)]) -> TokenStream {
    let (derive, decoder, option) = (derive(), local("decoder"), quote!(::core::option::Option));
    let seen = |position: usize| local(&format!("seen_{position}"));
    let part = |key: &str| format!("key {key}");

    let slots = shape.written().map(|field| {
        let (slot, ty) = (slot(shape, field), &field.ty);
        quote!(let mut #slot: #option<#ty> = #option::None;)
    });
    let seens = (0..constants.len()).map(|position| {
        let seen = seen(position);
        quote!(let mut #seen: #option<()> = #option::None;)
    });
    let field_arms = shape.written().map(|field| {
        let (slot, decode, part) = (slot(shape, field), decode(field), part(&field.key));
        let key = Literal::byte_string(field.key.as_bytes());
        quote!(#key => #derive::fill(&mut #slot, #decoder, #part, #decode)?,)
    });
    let constant_arms = constants.iter().enumerate().map(|(position, (name, value))| {
        let (seen, part) = (seen(position), part(name));
        let key = Literal::byte_string(name.as_bytes());
        quote!(#key => #derive::constant(&mut #seen, #decoder, #part, #value)?,)
    });
    let checks = constants.iter().enumerate().map(|(position, (name, _))| {
        let (seen, part) = (seen(position), part(name));
        quote!(#derive::present(#seen, #part)?;)
    });
    let done = construct(shape, constructor, |field| {
        let (slot, part) = (slot(shape, field), part(&field.key));
        match field.default {
            None => {
                let absent = member_of(&field.ty, from_term(), "absent");
                quote!(#derive::required(#slot, || #absent(), #part)?)
            }
            Some(Default::Path(ref path)) => quote!(#option::unwrap_or_else(#slot, #path)),
            Some(Default::Trait) => {
                let (default, value) = (default(field), local("value"));
                quote!(match #slot { #option::Some(#value) => #value, #option::None => #default })
            }
        }
    });
    quote! {
        #(#slots)*
        #(#seens)*
        for _ in 0..#decoder.map()? {
            match &*#derive::key(#decoder)? {
                #(#constant_arms)*
                #(#field_arms)*
                _ => { #decoder.skip()?; }
            }
        }
        #(#checks)*
        #done
    }
}

fn tagged(variants: &[Variant]) -> TokenStream {
    let (derive, decoder, option) = (derive(), local("decoder"), quote!(::core::option::Option));
    let expected = any_of(variants.iter().map(spelled).collect());
    let (name, size) = (local("name"), local("size"));
    let arms = variants.iter().map(|variant| {
        let (ident, label) = (&variant.ident, &variant.name);
        let key = Literal::byte_string(variant.name.as_bytes());
        let body = contents(&variant.shape, &quote!(Self::#ident));
        match valid::size(&variant.shape) {
            None => quote!((#key, #option::None) => { #body }),
            Some(size) => {
                quote!((#key, #option::Some(#size)) => #derive::labelled(#decoder, #label, |#decoder| { #body }),)
            }
        }
    });
    quote! {
        let (#name, #size) = #derive::variant(#decoder, #expected)?;
        match (&*#name, #size) {
            #(#arms)*
            (#name, #size) => {
                ::core::result::Result::Err(#derive::unknown_variant(#name, #size, #expected))
            }
        }
    }
}

fn untagged(variants: &[Variant]) -> TokenStream {
    let (derive, decoder) = (derive(), local("decoder"));
    let (attempts, value, error) = (local("attempts"), local("value"), local("error"));
    let (kind, last) = (local("kind"), local("last"));
    let expected = any_of(variants.iter().map(|variant| variant.name.clone()).collect());
    let tries = variants.iter().map(|variant| {
        let (ident, name) = (&variant.ident, &variant.name);
        let body = structure(&variant.shape, &quote!(Self::#ident));
        let could_be = could_be(&variant.shape, &kind);
        let looks_like = looks_like(&variant.shape);
        quote! {
            if #could_be && #looks_like != #last {
                match #derive::attempt(#decoder, |#decoder| { #body }) {
                    ::core::result::Result::Ok(#value) => return ::core::result::Result::Ok(#value),
                    ::core::result::Result::Err(#error) => #attempts.failed(#decoder, #name, &#error)?,
                }
            }
        }
    });
    quote! {
        let mut #attempts = #derive::Untagged::new(#decoder);
        let #kind = #derive::next_kind(#decoder);
        // Those that cannot be come last, for what they say about it.
        for #last in [false, true] {
            #(#tries)*
        }
        ::core::result::Result::Err(#attempts.none(#decoder, #expected))
    }
}

/// Returns the method that says of which kinds the terms of a type are, where that does not depend on other types: they
/// could contain this one.
fn known_kinds(body: &Body) -> Option<TokenStream> {
    let shapes: Vec<&Shape> = match body {
        Body::Struct(shape) => vec![shape],
        Body::Enum { variants, .. } => variants.iter().map(|variant| &variant.shape).collect(),
    };
    let mut names = BTreeSet::new();
    for shape in shapes {
        match (&shape.kind, body) {
            (Kind::Transparent, _) => return None,
            (Kind::Atom(_), _) => names.insert("Atom"),
            (Kind::Map { tag: None, .. }, Body::Struct(_) | Body::Enum { untagged: true, .. }) => names.insert("Map"),
            (Kind::Map { .. } | Kind::Tuple { .. }, _) => names.insert("Tuple"),
        };
    }
    if names.is_empty() {
        return None;
    }
    let (kind, private) = (local("kind"), quote!(::nodex::__private));
    let kinds = names.iter().map(|name| {
        let name = Ident::new(name, Span::mixed_site());
        quote!(#private::etf::Kind::#name)
    });
    Some(quote! {
        #[inline]
        fn could_be(#kind: #private::etf::Kind) -> bool {
            ::core::matches!(#kind, #(#kinds)|*)
        }
    })
}

/// Returns whether the next term may be this variant, as far as its first bytes tell.
fn looks_like(shape: &Shape) -> TokenStream {
    let (derive, decoder) = (derive(), local("decoder"));
    match (&shape.kind, shape.written().next()) {
        (Kind::Atom(name), _) => quote!(#derive::may_be_atom(#decoder, #name)),
        (Kind::Transparent, Some(field)) if field.undefined == Undefined::No => {
            let looks_like = member_of(&field.ty, from_term(), "looks_like");
            quote!(#looks_like(#decoder))
        }
        _ => quote!(true),
    }
}

/// Returns whether a term of the kind that comes next could be this variant. To try costs an error, with all that it
/// tells.
fn could_be(shape: &Shape, kind: &Ident) -> TokenStream {
    let kinds = quote!(::nodex::__private::etf::Kind);
    let only = |name: TokenStream| quote!(#kind.is_none_or(|#kind| #kind == #kinds::#name));
    match &shape.kind {
        Kind::Atom(_) => only(quote!(Atom)),
        Kind::Tuple { .. } => only(quote!(Tuple)),
        Kind::Map { .. } => only(quote!(Map)),
        Kind::Transparent => {
            let member = shape.written().next().map(|field| member_of(&field.ty, from_term(), "could_be"));
            match member {
                Some(could_be) => quote!(#kind.is_none_or(|#kind| #could_be(#kind))),
                None => quote!(true),
            }
        }
    }
}

/// Returns a variant as Erlang writes it: `pending` or `{shipped, _}`.
fn spelled(variant: &Variant) -> String {
    match valid::size(&variant.shape) {
        None => variant.name.clone(),
        Some(size) => format!("{{{}{}}}", variant.name, ", _".repeat(size)),
    }
}

fn any_of(mut names: Vec<String>) -> String {
    match (names.pop(), names.as_slice()) {
        (None, _) => String::new(),
        (Some(only), []) => only,
        (Some(last), others) => format!("{} or {last}", others.join(", ")),
    }
}

/// A closure that reads a field. The function itself as a value would have a wrong type reported a second time.
fn decode(field: &Field) -> TokenStream {
    let (decode, decoder) = (decode_member(field), local("decoder"));
    quote!(|#decoder| #decode(#decoder))
}

fn decode_member(field: &Field) -> TokenStream {
    let method = if field.undefined == Undefined::No { "decode" } else { "decode_undefined" };
    member_of(&field.ty, from_term(), method)
}

fn default(field: &Field) -> TokenStream {
    match &field.default {
        Some(Default::Path(path)) => quote_spanned!(at(ends(path).1)=> #path()),
        Some(Default::Trait) | None => {
            let default = member_of(&field.ty, quote!(::core::default::Default), "default");
            quote!(#default())
        }
    }
}

/// Returns the name of the local variable for a value that is read.
fn slot(shape: &Shape, field: &Field) -> Ident {
    let position = shape.fields.iter().position(|other| other.member == field.member);
    local(&format!("field_{}", position.unwrap_or_default()))
}
