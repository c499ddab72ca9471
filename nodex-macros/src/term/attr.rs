//! The keys of `#[term(..)]` on types, variants and fields.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, LitStr, Meta};

use super::{ast::Default as DefaultValue, case::Case};
use crate::{
    errors::Errors,
    keys::{self, Entry, set},
};

/// What stands on a type.
#[derive(Default)]
pub(crate) struct TypeKeys {
    pub(crate) shape: Option<(Span, ShapeKey)>,
    pub(crate) untagged: Option<Span>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<(Span, Case)>,
    pub(crate) undefined: Option<Span>,
}

/// The key that says how a struct is written.
pub(crate) enum ShapeKey {
    Tuple,
    Record(LitStr),
    ElixirStruct(LitStr),
    Exception(LitStr),
}

/// What stands on a variant.
#[derive(Default)]
pub(crate) struct VariantKeys {
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<(Span, Case)>,
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct FieldKeys {
    pub(crate) rename: Option<LitStr>,
    pub(crate) default: Option<(Span, DefaultValue)>,
    pub(crate) skip: Option<Span>,
    pub(crate) undefined: Option<Span>,
}

impl TypeKeys {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = TypeKeys::default();
        for entry in &entries(attributes, errors) {
            match entry.name().as_str() {
                "tuple" => {
                    let shape = entry.flag(errors).map(|_| ShapeKey::Tuple);
                    keys.set_shape(shape, entry, errors);
                }
                "record" => {
                    let shape = entry.atom(errors).map(ShapeKey::Record);
                    keys.set_shape(shape, entry, errors);
                }
                "elixir_struct" => {
                    let shape = module(entry, errors).map(ShapeKey::ElixirStruct);
                    keys.set_shape(shape, entry, errors);
                }
                "exception" => {
                    let shape = module(entry, errors).map(ShapeKey::Exception);
                    keys.set_shape(shape, entry, errors);
                }
                "untagged" => set(&mut keys.untagged, entry.flag(errors), entry, errors),
                "rename" => set(&mut keys.rename, entry.atom(errors), entry, errors),
                "rename_all" => set(&mut keys.rename_all, case(entry, errors), entry, errors),
                "undefined" => set(&mut keys.undefined, entry.flag(errors), entry, errors),
                _ => unknown(
                    entry,
                    "a type takes `tuple`, `record = \"tag\"`, `elixir_struct = \"Module\"`, `exception = \"Module\"`, \
                     `untagged`, `rename = \"name\"`, `rename_all = \"case\"`, `undefined`",
                    errors,
                ),
            }
        }
        keys
    }

    fn set_shape(&mut self, shape: Option<ShapeKey>, entry: &Entry, errors: &mut Errors) {
        if self.shape.is_some() {
            errors.span(
                entry.span(),
                "a type has one shape: only one of `tuple`, `record`, `elixir_struct`, `exception` can be given",
            );
        } else {
            self.shape = shape.map(|shape| (entry.span(), shape));
        }
    }
}

impl VariantKeys {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = VariantKeys::default();
        for entry in &entries(attributes, errors) {
            match entry.name().as_str() {
                "rename" => set(&mut keys.rename, entry.atom(errors), entry, errors),
                "rename_all" => set(&mut keys.rename_all, case(entry, errors), entry, errors),
                _ => unknown(entry, "a variant takes `rename = \"name\"`, `rename_all = \"case\"`", errors),
            }
        }
        keys
    }
}

impl FieldKeys {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = FieldKeys::default();
        for entry in &entries(attributes, errors) {
            match entry.name().as_str() {
                "rename" => set(&mut keys.rename, entry.atom(errors), entry, errors),
                "default" => {
                    let default = entry
                        .optional_path(errors)
                        .map(|path| (entry.span(), path.map_or(DefaultValue::Trait, DefaultValue::Path)));
                    set(&mut keys.default, default, entry, errors);
                }
                "skip" => set(&mut keys.skip, entry.flag(errors), entry, errors),
                "undefined" => set(&mut keys.undefined, entry.flag(errors), entry, errors),
                _ => unknown(
                    entry,
                    "a field takes `rename = \"name\"`, `default`, `default = path`, `skip`, `undefined`",
                    errors,
                ),
            }
        }
        if let (Some(span), Some(_)) = (keys.rename.as_ref().map(LitStr::span), keys.skip) {
            errors.span(span, "a skipped field has no name in the term");
        }
        if let (Some(span), Some(_)) = (keys.undefined, keys.skip) {
            errors.span(span, "a skipped field is not in the term");
        }
        keys
    }
}

fn entries(attributes: &[Attribute], errors: &mut Errors) -> Vec<Entry> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("term")) {
        match &attribute.meta {
            Meta::List(list) => all.extend(keys::entries(TokenStream::clone(&list.tokens), errors)),
            Meta::Path(_) | Meta::NameValue(_) => errors.at(attribute, "expected `#[term(..)]` with at least one key"),
        }
    }
    all
}

fn unknown(entry: &Entry, known: &str, errors: &mut Errors) {
    errors.span(entry.span(), format_args!("unknown key `{}`; {known}", entry.key));
}

/// Returns the name of an Elixir module, as Elixir writes it.
fn module(entry: &Entry, errors: &mut Errors) -> Option<LitStr> {
    let text = entry.atom(errors)?;
    let name = text.value();
    if let Some(rest) = name.strip_prefix("Elixir.") {
        errors.at(&text, format_args!("write the module as Elixir does: `{rest}`"));
        return None;
    }
    let valid = |part: &str| {
        part.chars().next().is_some_and(|first| first.is_ascii_uppercase())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if !name.split('.').all(valid) {
        errors.at(&text, "no name of an Elixir module, such as `Shop.Order`");
        return None;
    }
    Some(text)
}

fn case(entry: &Entry, errors: &mut Errors) -> Option<(Span, Case)> {
    let text = entry.string(errors)?;
    let found = Case::NAMES.iter().find(|(name, _)| *name == text.value());
    if found.is_none() {
        let names: Vec<String> = Case::NAMES.iter().map(|(name, _)| format!("`{name}`")).collect();
        errors.at(&text, format_args!("unknown case; there are {}", names.join(", ")));
    }
    found.map(|(_, case)| (entry.span(), *case))
}
