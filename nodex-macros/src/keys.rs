//! The inside of attributes: `key`, `key = value` and `key(..)`, separated by commas.

use proc_macro2::{Span, TokenStream};
use syn::{
    Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Token, ext::IdentExt, parse::ParseStream, parse::Parser, token,
};

use crate::errors::Errors;

/// One entry of an attribute.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    value: Value,
}

// There are few of them, and for a moment only.
#[allow(clippy::large_enum_variant)]
enum Value {
    None,
    Assigned(Expr),
    List(Vec<Entry>),
    /// Already reported.
    Broken,
}

/// Reads all entries; what cannot be read is reported and skipped.
pub(crate) fn entries(tokens: TokenStream, errors: &mut Errors) -> Vec<Entry> {
    let parser = |input: ParseStream<'_>| {
        let mut all = Vec::new();
        while !input.is_empty() {
            match entry(input, errors) {
                Ok(entry) => all.push(entry),
                Err(error) => errors.push(error),
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.push(input.error("expected `,` between two keys"));
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<proc_macro2::TokenTree>()?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(all)
    };
    match parser.parse2(tokens) {
        Ok(all) => all,
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    }
}

fn entry(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Entry> {
    let skip = |input: ParseStream<'_>| {
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<proc_macro2::TokenTree>()?;
        }
        syn::Result::Ok(())
    };
    let key = match input.call(Ident::parse_any) {
        Ok(key) => key,
        Err(error) => {
            skip(input)?;
            return Err(syn::Error::new(error.span(), "expected the name of a key"));
        }
    };
    let value = if input.parse::<Option<Token![=]>>()?.is_some() {
        match input.parse() {
            Ok(value) => Value::Assigned(value),
            Err(error) => {
                errors.push(error);
                skip(input)?;
                Value::Broken
            }
        }
    } else if input.peek(token::Paren) {
        let group: proc_macro2::Group = input.parse()?;
        Value::List(entries(group.stream(), errors))
    } else {
        Value::None
    };
    Ok(Entry { key, value })
}

impl Entry {
    pub(crate) fn name(&self) -> String {
        self.key.unraw().to_string()
    }

    pub(crate) fn span(&self) -> Span {
        self.key.span()
    }

    /// Returns the entry as a flag, which takes no value.
    pub(crate) fn flag(&self, errors: &mut Errors) -> Option<Span> {
        match &self.value {
            Value::None => return Some(self.span()),
            Value::Broken => {}
            Value::Assigned(value) => errors.at(value, format_args!("`{}` takes no value", self.key)),
            Value::List(_) => errors.span(self.span(), format_args!("`{}` takes no list", self.key)),
        }
        None
    }

    /// Returns the string of `key = "string"`.
    pub(crate) fn string(&self, errors: &mut Errors) -> Option<LitStr> {
        match &self.value {
            Value::Assigned(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => return Some(text.clone()),
            Value::Broken => {}
            Value::Assigned(other) => errors.at(other, format_args!("expected a string: `{} = \"..\"`", self.key)),
            Value::None | Value::List(_) => {
                errors.span(self.span(), format_args!("expected a string: `{} = \"..\"`", self.key));
            }
        }
        None
    }

    /// Returns the string of `key = "string"`, which becomes the name of an atom.
    pub(crate) fn atom(&self, errors: &mut Errors) -> Option<LitStr> {
        let text = self.string(errors)?;
        let characters = text.value().chars().count();
        if characters == 0 {
            errors.at(&text, "the name is empty");
        } else if characters > 255 {
            errors.at(&text, format_args!("an atom has at most 255 characters, this one has {characters}"));
        } else {
            return Some(text);
        }
        None
    }

    /// Nothing for `key`, the path for `key = path`.
    pub(crate) fn optional_path(&self, errors: &mut Errors) -> Option<Option<ExprPath>> {
        match &self.value {
            Value::None => return Some(None),
            Value::Assigned(Expr::Path(path)) => return Some(Some(path.clone())),
            Value::Broken => {}
            Value::Assigned(other) => {
                errors.at(other, format_args!("expected the path of a function: `{} = path`", self.key));
            }
            Value::List(_) => errors.span(self.span(), format_args!("`{}` takes no list", self.key)),
        }
        None
    }

    /// Returns the entries of `key(..)`.
    pub(crate) fn list(&self, errors: &mut Errors) -> Option<&[Entry]> {
        match &self.value {
            Value::List(list) => return Some(list),
            Value::Broken => {}
            Value::None | Value::Assigned(_) => {
                errors.span(self.span(), format_args!("expected a list: `{}(..)`", self.key));
            }
        }
        None
    }
}

/// Sets a key, or reports that it is there already.
pub(crate) fn set<T>(slot: &mut Option<T>, value: Option<T>, entry: &Entry, errors: &mut Errors) {
    if slot.is_some() {
        errors.span(entry.span(), format_args!("`{}` is given twice", entry.key));
    } else {
        *slot = value;
    }
}
