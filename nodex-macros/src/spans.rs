//! Where tokens lie, how their names are resolved, and which lints may look at them.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Type, ext::IdentExt};

/// Returns a local name. The user's own locals it cannot meet, wherever they come from; the prefix keeps it apart from
/// his constants, which a pattern would otherwise be.
pub(crate) fn local(name: &str) -> Ident {
    Ident::new(&format!("__nodex_{name}"), Span::mixed_site())
}

/// Returns the same place, but with names resolved as those of the expansion.
pub(crate) fn at(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

/// Returns the spans of the first and the last token.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}

/// Returns all tokens at one place.
pub(crate) fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &mut token {
                *group = Group::new(group.delimiter(), respan(group.stream(), span));
            }
            token.set_span(span);
            token
        })
        .collect()
}

/// `<Type as Trait>::member`, all of it lying where the type was written. However often such a path is used, the
/// compiler reports once, and there, that the type does not implement the trait.
pub(crate) fn member_of(ty: &Type, implemented: TokenStream, member: &str) -> TokenStream {
    let (first, last) = ends(ty);
    let member = Ident::new(member, at(last));
    let implemented = respan(implemented, at(last));
    let open = quote_spanned!(at(first)=> <);
    quote_spanned!(at(last)=> #open #ty as #implemented>::#member)
}

/// Returns a name without `r#`.
pub(crate) fn plain_name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// `#[allow(deprecated)]` if something is: what is used by the expansion was not chosen by the user. Only then, because
/// an `allow` of what a crate forbids is an error.
pub(crate) fn allow_deprecated<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Option<TokenStream> {
    let deprecated = attributes.into_iter().any(|attribute| attribute.path().is_ident("deprecated"));
    deprecated.then(|| quote!(#[allow(deprecated)]))
}
