//! `nodex::main!`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{
    Expr, ExprPath, LitStr, Token,
    parse::{ParseStream, Parser},
};

use crate::{errors::Errors, spans::local};

/// What stands between two commas.
enum Entry {
    /// `service`: answers every name.
    Service(Expr),
    /// `"name" => service`.
    Named(LitStr, Expr),
    /// `state = value`.
    State(Expr),
}

/// Expands the macro to the function `main`.
pub(crate) fn main(input: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let entries = entries(input, &mut errors);
    check(&entries, &mut errors);
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote!(fn main() {} #errors);
    }
    let node = local("node");
    let calls = entries.iter().map(|entry| match entry {
        Entry::Service(service) => {
            let service = service_tokens(service);
            quote!(.service(#service))
        }
        Entry::Named(name, service) => {
            let service = service_tokens(service);
            quote!(.register(#name, #service))
        }
        Entry::State(value) => quote!(.state(#value)),
    });
    quote! {
        fn main() -> ::std::process::ExitCode {
            ::nodex::__private::node::main(|#node| ::core::result::Result::Ok(#node #(#calls)*))
        }
    }
}

fn entries(input: TokenStream, errors: &mut Errors) -> Vec<Entry> {
    let parser = |input: ParseStream<'_>| {
        let mut all = Vec::new();
        while !input.is_empty() {
            match entry(input) {
                Ok(entry) => all.push(entry),
                Err(error) => {
                    errors.push(error);
                    skip_to_comma(input)?;
                }
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.push(input.error("expected `,` between two services"));
                skip_to_comma(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(all)
    };
    parser.parse2(input).unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    })
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn entry(input: ParseStream<'_>) -> syn::Result<Entry> {
    if input.peek(LitStr) && input.peek2(Token![=>]) {
        let name = input.parse()?;
        let arrow: Token![=>] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(arrow, "expected a service behind this"));
        }
        return Ok(Entry::Named(name, input.parse()?));
    }
    if input.peek(syn::Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) && !input.peek2(Token![=>]) {
        let key: syn::Ident = input.parse()?;
        if key != "state" {
            let message =
                format!("unknown key `{key}`; there is `state = value`, beside services and `\"name\" => service`");
            return Err(syn::Error::new(key.span(), message));
        }
        input.parse::<Token![=]>()?;
        return Ok(Entry::State(input.parse()?));
    }
    let service: Expr = input.parse()?;
    if input.peek(Token![=>]) {
        return Err(syn::Error::new_spanned(service, "the name of a service is a string: `\"name\" => service`"));
    }
    Ok(Entry::Service(service))
}

fn check(entries: &[Entry], errors: &mut Errors) {
    let mut names = HashSet::new();
    let mut services = 0;
    for entry in entries {
        let service = match entry {
            Entry::State(_) => continue,
            Entry::Service(service) => service,
            Entry::Named(name, service) => {
                let text = name.value();
                let characters = text.chars().count();
                if characters == 0 {
                    errors.at(name, "the name is empty");
                } else if characters > 255 {
                    errors.at(name, format_args!("an atom has at most 255 characters, this one has {characters}"));
                } else if !names.insert(text) {
                    errors.at(name, "this name is registered twice");
                }
                service
            }
        };
        services += 1;
        if let Expr::Lit(literal) = service {
            errors.at(literal, "expected a service: a handler, a value with handlers, or `\"name\" => service`");
        }
    }
    if services == 0 && errors.is_empty() {
        errors.span(Span::call_site(), "a node serves something: `nodex::main!(handler)`");
    }
}

/// A bare path names a handler, whose service is a struct of that name; everything else is a value already.
fn service_tokens(service: &Expr) -> TokenStream {
    match service {
        Expr::Path(ExprPath { attrs, qself: None, path }) if attrs.is_empty() => {
            let braces =
                quote_spanned!(path.segments.last().map_or_else(Span::call_site, |last| last.ident.span())=> {});
            quote!(#path #braces)
        }
        other => quote!(#other),
    }
}
