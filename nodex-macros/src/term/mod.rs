//! `#[derive(FromTerm)]` and `#[derive(IntoTerm)]`.

mod ast;
mod attr;
mod bounds;
mod case;
mod describe;
mod from_term;
mod into_term;
mod valid;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use self::{ast::Input, valid::Direction};
use crate::errors::Errors;

/// Expands `#[derive(FromTerm)]`.
pub(crate) fn derive_from_term(tokens: TokenStream) -> TokenStream {
    derive(tokens, Direction::From, from_term::expand, from_term::fallback)
}

/// Expands `#[derive(IntoTerm)]`.
pub(crate) fn derive_into_term(tokens: TokenStream) -> TokenStream {
    derive(tokens, Direction::Into, into_term::expand, into_term::fallback)
}

fn derive(
    tokens: TokenStream,
    direction: Direction,
    expand: fn(&Input) -> TokenStream,
    fallback: fn(&DeriveInput) -> TokenStream,
) -> TokenStream {
    let source: DeriveInput = match syn::parse2(tokens) {
        Ok(source) => source,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::default();
    match valid::input(&source, direction, &mut errors) {
        Some(input) if errors.is_empty() => expand(&input),
        _ => {
            let (fallback, errors) = (fallback(&source), errors.into_tokens());
            quote!(#fallback #errors)
        }
    }
}
