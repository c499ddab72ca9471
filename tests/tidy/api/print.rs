//! An item as one line.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Fields, FieldsNamed, FieldsUnnamed, ImplItemFn, Signature};

use super::crates::{is_hidden, is_public};

/// Tokens with the spaces that people put between them.
pub(super) fn text(tokens: impl ToTokens) -> String {
    let mut out = String::new();
    write(tokens.to_token_stream(), &mut out);
    out
}

fn write(tokens: TokenStream, out: &mut String) {
    let mut joint = true;
    for token in tokens {
        let piece = match &token {
            TokenTree::Group(group) => {
                let mut inner = String::new();
                write(group.stream(), &mut inner);
                let inner = inner.trim_end_matches(',');
                match group.delimiter() {
                    Delimiter::Parenthesis => format!("({inner})"),
                    Delimiter::Bracket => format!("[{inner}]"),
                    Delimiter::Brace if inner.is_empty() => "{}".to_owned(),
                    Delimiter::Brace => format!("{{ {inner} }}"),
                    Delimiter::None => inner.to_owned(),
                }
            }
            token => token.to_string(),
        };
        let last = out.chars().last().unwrap_or(' ');
        let first = piece.chars().next().unwrap_or(' ');
        let group = matches!(token, TokenTree::Group(_)) && first != '{';
        let tight = joint
            || [',', ';', '>', '?', '.'].contains(&first)
            || (first == ':' && last != ' ')
            || (first == '<' && last != '>' && last != '=')
            || (group && ![',', '=', '+'].contains(&last) && !out.ends_with("->"))
            || ['<', '&', '!', '#', '\'', '.', '?'].contains(&last)
            || (last == ':' && out.ends_with("::"));
        if !tight {
            out.push(' ');
        }
        out.push_str(&piece);
        joint = matches!(&token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    }
}

/// What an attribute tells about the use of an item, in front of it.
pub(super) fn marks(attributes: &[Attribute]) -> String {
    let mut marks = Vec::new();
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("non_exhaustive") || path.is_ident("deprecated") {
            marks.push(format!("#[{}] ", text(path)));
        } else if path.is_ident("derive")
            && let syn::Meta::List(list) = &attribute.meta
        {
            let mut derived: Vec<String> = text(&list.tokens).split(", ").map(str::to_owned).collect();
            derived.sort();
            marks.push(format!("#[derive({})] ", derived.join(", ")));
        }
    }
    marks.concat()
}

/// The public fields; `..` for others.
pub(super) fn fields(fields: &Fields, all_public: bool) -> String {
    let shown = |field: &&syn::Field| (all_public || is_public(&field.vis)) && !is_hidden(&field.attrs);
    match fields {
        Fields::Unit => String::new(),
        Fields::Named(FieldsNamed { named, .. }) => {
            let mut list: Vec<String> = named
                .iter()
                .filter(shown)
                .filter_map(|field| Some(format!("{}: {}", field.ident.as_ref()?, text(&field.ty))))
                .collect();
            if list.len() < named.len() {
                list.push("..".to_owned());
            }
            format!(" {{ {} }}", list.join(", "))
        }
        Fields::Unnamed(FieldsUnnamed { unnamed, .. }) => {
            let list: Vec<String> =
                unnamed.iter().map(|field| if shown(&field) { text(&field.ty) } else { "..".to_owned() }).collect();
            format!("({})", list.join(", "))
        }
    }
}

pub(super) fn signature(signature: &Signature) -> String {
    text(signature)
}

pub(super) fn method(method: &ImplItemFn) -> String {
    text(&method.sig)
}
