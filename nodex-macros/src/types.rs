//! What can be told of a type from its tokens.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, PathArguments, Type};

/// Shows every reference and every `impl Trait` in a type, however deep inside of other types.
pub(crate) fn for_each_unowned(ty: &Type, found: &mut impl FnMut(&Type)) {
    match ty {
        Type::Reference(_) | Type::ImplTrait(_) => found(ty),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|element| for_each_unowned(element, found)),
        Type::Array(array) => for_each_unowned(&array.elem, found),
        Type::Slice(slice) => for_each_unowned(&slice.elem, found),
        Type::Paren(inner) => for_each_unowned(&inner.elem, found),
        Type::Group(inner) => for_each_unowned(&inner.elem, found),
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else { continue };
                for argument in &arguments.args {
                    if let GenericArgument::Type(inner) = argument {
                        for_each_unowned(inner, found);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Returns the types to take in place of a reference to this one, in words.
pub(crate) fn owned(referred: &Type) -> String {
    match referred {
        Type::Path(path) if path.path.is_ident("str") => "`String`".into(),
        Type::Slice(slice) => match &*slice.elem {
            Type::Path(path) if path.path.is_ident("u8") => "`Bytes` for a binary, `Vec<u8>` for a list".into(),
            other => format!("`Vec<{}>`", spelled(other)),
        },
        other => format!("`{}`", spelled(other)),
    }
}

/// Returns a type as people write it: token streams print with a space around everything.
fn spelled(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    text.replace(" :: ", "::").replace(" < ", "<").replace(" >", ">").replace(" ,", ",").replace("& ", "&")
}

/// Returns whether a token that is no delimiter, however deep, is wanted.
pub(crate) fn contains(tokens: &impl ToTokens, wanted: fn(&str) -> bool) -> bool {
    fn search(tokens: TokenStream, wanted: fn(&str) -> bool) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => search(group.stream(), wanted),
            other => wanted(&other.to_string()),
        })
    }
    search(tokens.to_token_stream(), wanted)
}
