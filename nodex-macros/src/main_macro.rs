//! `nodex::main!`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::{
    Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Token,
    parse::{ParseStream, Parser},
};

use crate::{errors::Errors, spans::local};

/// What stands between two commas.
enum Entry {
    /// `service`, which answers every name, or `"name" => service`.
    Service(Kind, Option<LitStr>, Expr),
    /// `state = value`.
    State(Expr),
    /// `drain = time`.
    Drain(Ident, Expr),
}

/// What stands in front of a service.
#[derive(Default)]
struct Kind {
    /// `permanent`, `transient` or `temporary`.
    ends: Option<Ident>,
    /// `factory`.
    factory: bool,
}

/// The words that can stand in front of a service.
const KINDS: [&str; 4] = ["permanent", "transient", "temporary", "factory"];

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
        Entry::Service(kind, name, service) => kind.call(name.as_ref(), service),
        Entry::State(value) => quote!(.state(#value)),
        Entry::Drain(_, time) => match text(time) {
            Some(text) => quote_spanned! { text.span() => .drain({
                const TIME: ::core::time::Duration = ::nodex::__private::duration::literal(#text);
                TIME
            }) },
            None => quote!(.drain(#time)),
        },
    });
    quote! {
        fn main() -> ::std::process::ExitCode {
            ::nodex::__private::node::main(|#node| ::core::result::Result::Ok(#node #(#calls)*))
        }
    }
}

/// Returns a literal string.
fn text(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        _ => None,
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

impl Kind {
    /// Words that another word, a name or a closure follows: alone, each of them may name a handler.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut kind = Kind::default();
        loop {
            let fork = input.fork();
            let Some(word) = fork.parse::<Ident>().ok().filter(|word| KINDS.iter().any(|kind| word == kind)) else {
                return Ok(kind);
            };
            let closure = fork.peek(Token![|]) || fork.peek(Token![||]) || fork.peek(Token![move]);
            if !(fork.peek(LitStr) || fork.peek(Ident) || closure) {
                return Ok(kind);
            }
            input.parse::<Ident>()?;
            let twice =
                if word == "factory" { std::mem::replace(&mut kind.factory, true) } else { kind.ends.is_some() };
            if twice {
                return Err(syn::Error::new(word.span(), "one word says already what this service is"));
            }
            if word != "factory" {
                kind.ends = Some(word);
            }
        }
    }

    /// Returns the method of the builder.
    fn call(&self, name: Option<&LitStr>, service: &Expr) -> TokenStream {
        let (service, method) = match self.factory {
            true => (quote!(#service), if name.is_some() { "register_factory" } else { "factory" }),
            false => (service_tokens(service), if name.is_some() { "register" } else { "service" }),
        };
        let name = name.map(|name| quote!(#name,));
        match &self.ends {
            None => {
                let method = Ident::new(method, Span::call_site());
                quote!(.#method(#name #service))
            }
            Some(ends) => {
                let method = Ident::new(&format!("{method}_with"), Span::call_site());
                let options = quote!(::nodex::__private::node::ServiceOptions::new().trap_exit(true).#ends());
                quote!(.#method(#name #options, #service))
            }
        }
    }
}

fn entry(input: ParseStream<'_>) -> syn::Result<Entry> {
    let kind = Kind::parse(input)?;
    if input.peek(LitStr) && input.peek2(Token![=>]) {
        let name = input.parse()?;
        let arrow: Token![=>] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(arrow, "expected a service behind this"));
        }
        return Ok(Entry::Service(kind, Some(name), input.parse()?));
    }
    if input.peek(Ident) && input.peek2(Token![=]) && !input.peek2(Token![==]) && !input.peek2(Token![=>]) {
        let key: Ident = input.parse()?;
        if key != "state" && key != "drain" {
            let message = format!(
                "unknown key `{key}`; there are `state = value` and `drain = duration`, beside services and \
                 `\"name\" => service`"
            );
            return Err(syn::Error::new(key.span(), message));
        }
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        return Ok(if key == "drain" { Entry::Drain(key, value) } else { Entry::State(value) });
    }
    let service: Expr = input.parse()?;
    if input.peek(Token![=>]) {
        return Err(syn::Error::new_spanned(service, "the name of a service is a string: `\"name\" => service`"));
    }
    Ok(Entry::Service(kind, None, service))
}

fn check(entries: &[Entry], errors: &mut Errors) {
    let mut names = HashSet::new();
    let (mut services, mut drains) = (0, 0);
    for entry in entries {
        let service = match entry {
            Entry::State(_) => continue,
            Entry::Drain(key, _) => {
                drains += 1;
                if drains > 1 {
                    errors.span(key.span(), "this is said twice");
                }
                continue;
            }
            Entry::Service(_, None, service) => service,
            Entry::Service(_, Some(name), service) => {
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
