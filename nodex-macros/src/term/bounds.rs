//! What the type parameters of a derived implementation must be.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Generics, Token, Type, TypeParamBound, parse_quote, punctuated::Punctuated};

use super::ast::{Default, Field, Input, Shape, Undefined};
use crate::{spans::member_of, types::contains};

/// Returns the generics with the bounds that the fields need: every type parameter that is in the term implements the
/// trait. With `read`, what is not read has a default.
pub(crate) fn add(input: &Input, implemented: &TokenStream, read: bool) -> Generics {
    let mut generics = input.generics.clone();
    let parameters = names(&generics);
    if parameters.is_empty() {
        return generics;
    }
    let mut bounded = BTreeSet::new();
    let mut predicates = Vec::new();
    for field in input.shapes().into_iter().flat_map(|shape| &shape.fields) {
        let ty = &field.ty;
        let uses = uses(ty, &parameters);
        if !field.skip {
            bounded.extend(uses.bare.iter().cloned());
            if uses.projected {
                predicates.push(quote!(#ty: #implemented));
            }
        }
        let defaulted = field.skip || matches!(field.default, Some(Default::Trait));
        if read && defaulted && !matches!(field.default, Some(Default::Path(_))) && uses.any() {
            predicates.push(quote!(#ty: ::core::default::Default));
        }
    }
    let unsized_ = (!read && may_be_unsized(input)).then(|| quote!(+ ::nodex::__private::convert::OutputType));
    for parameter in generics.type_params_mut().filter(|parameter| bounded.contains(&parameter.ident.to_string())) {
        parameter.bounds.extend::<Punctuated<TypeParamBound, Token![+]>>(parse_quote!(#implemented #unsized_));
    }
    if !predicates.is_empty() {
        let clause = generics.make_where_clause();
        clause
            .predicates
            .extend(predicates.iter().map(|predicate| -> syn::WherePredicate { parse_quote!(#predicate) }));
    }
    generics
}

/// Whether a type parameter may stand for a type without a size of its own, `T: ?Sized`.
pub(crate) fn may_be_unsized(input: &Input) -> bool {
    contains(&input.generics, |token| token == "?") || contains(&input.generics.where_clause, |token| token == "?")
}

fn names(generics: &Generics) -> BTreeSet<String> {
    generics.type_params().map(|parameter| parameter.ident.to_string()).collect()
}

/// The type parameters that are in the term by themselves.
pub(crate) fn parameters(input: &Input) -> Vec<&Ident> {
    let names = names(&input.generics);
    let mut bare = BTreeSet::new();
    for field in input.shapes().into_iter().flat_map(Shape::written) {
        bare.extend(uses(&field.ty, &names).bare);
    }
    let parameters = input.generics.type_params().map(|parameter| &parameter.ident);
    parameters.filter(|ident| bare.contains(&ident.to_string())).collect()
}

/// How type parameters are used in a type.
#[derive(std::default::Default)]
struct Uses {
    /// Those used by themselves, `T`.
    bare: BTreeSet<String>,
    /// Whether one is used for its associated types, `T::Item`.
    projected: bool,
}

impl Uses {
    fn any(&self) -> bool {
        self.projected || !self.bare.is_empty()
    }
}

fn uses(ty: &Type, parameters: &BTreeSet<String>) -> Uses {
    let mut uses = Uses::default();
    search(ty.to_token_stream(), parameters, &mut uses);
    uses
}

fn search(tokens: TokenStream, parameters: &BTreeSet<String>, uses: &mut Uses) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |position: Option<usize>, wanted: char| matches!(position.and_then(|position| tokens.get(position)), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted);
    for (position, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => search(group.stream(), parameters, uses),
            // A segment behind `::` is no parameter; a parameter in front of `::` is asked for an associated type, and
            // so is one in `<T as Trait>::`.
            TokenTree::Ident(ident) if parameters.contains(&ident.to_string()) => {
                let before = position.checked_sub(1);
                let behind_path = is(before, ':') && is(before.and_then(|before| before.checked_sub(1)), ':');
                let followed_by_as = matches!(tokens.get(position + 1), Some(TokenTree::Ident(next)) if next == "as");
                if behind_path {
                } else if is(Some(position + 1), ':') || followed_by_as {
                    uses.projected = true;
                } else {
                    uses.bare.insert(ident.to_string());
                }
            }
            _ => {}
        }
    }
}

/// A statement that does not compile unless the field marked `undefined` is an `Option`.
pub(crate) fn undefined_check(field: &Field) -> Option<TokenStream> {
    (field.undefined == Undefined::Field).then(|| {
        let check = member_of(&field.ty, quote!(::nodex::__private::convert::derive::OptionField), "IS_OPTION");
        quote!(let () = #check;)
    })
}
