//! Checks a type and its keys, and finds its shape.

use std::collections::HashSet;

use proc_macro2::Span;
use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Field as SynField, Fields, Index, LitStr, Member, Type};

use super::{
    ast::{Body, Field, Input, Kind, Shape, Undefined, Variant},
    attr::{FieldKeys, ShapeKey, TypeKeys, VariantKeys},
    case::Case,
};
use crate::{
    docs::docs,
    errors::Errors,
    spans::{allow_deprecated, plain_name},
    types::{for_each_unowned, owned},
};

/// What is derived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    From,
    Into,
}

/// How the fields of one struct or variant are to be read.
struct Context {
    direction: Direction,
    rename_all: Option<Case>,
    undefined: bool,
    /// True in maps.
    named: bool,
}

pub(crate) fn input(input: &DeriveInput, direction: Direction, errors: &mut Errors) -> Option<Input> {
    let keys = TypeKeys::read(&input.attrs, errors);
    let name = Case::Snake.apply(&plain_name(&input.ident));
    let described = name.clone();
    let (label, body) = match &input.data {
        Data::Struct(data) => {
            if let Some(span) = keys.untagged {
                errors.span(span, "`untagged` is for enums");
            }
            let shape = structure(&data.fields, &keys, &name, direction, errors);
            (label(&keys, name), Body::Struct(shape))
        }
        Data::Enum(data) => {
            if let Some((span, _)) = &keys.shape {
                errors.span(*span, "this shape is for structs; an enum is atoms and tagged tuples, or `untagged`");
            }
            if let Some(name) = &keys.rename {
                errors.at(name, "an enum has no name of its own in the term: rename its variants");
            }
            if data.variants.is_empty() {
                errors.at(&input.ident, "an enum without variants has no values, so there is no term for it");
            }
            let untagged = keys.untagged.is_some();
            let variants: Vec<Variant> =
                data.variants.iter().map(|variant| self::variant(variant, &keys, direction, errors)).collect();
            if !untagged {
                distinct_variants(data.variants.iter().zip(&variants), errors);
            }
            (name, Body::Enum { variants, untagged })
        }
        Data::Union(data) => {
            errors.at(data.union_token, "a union does not know which of its fields it holds: use an enum");
            return None;
        }
    };
    let allow = allow_deprecated(attributes(input));
    Some(Input {
        ident: input.ident.clone(),
        generics: input.generics.clone(),
        label,
        name: described,
        docs: docs(&input.attrs),
        body,
        allow,
    })
}

/// Returns all attributes of the type, its variants and its fields.
fn attributes(input: &DeriveInput) -> Vec<&Attribute> {
    let mut all: Vec<&Attribute> = input.attrs.iter().collect();
    match &input.data {
        Data::Struct(data) => all.extend(data.fields.iter().flat_map(|field| &field.attrs)),
        Data::Enum(data) => {
            for variant in &data.variants {
                all.extend(&variant.attrs);
                all.extend(variant.fields.iter().flat_map(|field| &field.attrs));
            }
        }
        Data::Union(_) => {}
    }
    all
}

/// Returns the name of a struct in errors: as Elixir or Erlang writes it where they know it.
fn label(keys: &TypeKeys, name: String) -> String {
    match &keys.shape {
        Some((_, ShapeKey::ElixirStruct(module) | ShapeKey::Exception(module))) => format!("%{}{{}}", module.value()),
        Some((_, ShapeKey::Record(tag))) => format!("#{}{{}}", tag.value()),
        Some((_, ShapeKey::Tuple)) | None => name,
    }
}

fn structure(fields: &Fields, keys: &TypeKeys, name: &str, direction: Direction, errors: &mut Errors) -> Shape {
    let kind = match &keys.shape {
        Some((_, ShapeKey::Tuple)) => Kind::Tuple { tag: None },
        Some((_, ShapeKey::Record(tag))) => Kind::Tuple { tag: Some(tag.value()) },
        Some((span, ShapeKey::ElixirStruct(module) | ShapeKey::Exception(module))) => {
            if let Fields::Unnamed(_) = fields {
                errors.span(*span, "the fields of an Elixir struct have names, those of this struct have none");
            }
            let mut constants = vec![("__struct__", format!("Elixir.{}", module.value()))];
            if let Some((_, ShapeKey::Exception(_))) = keys.shape {
                constants.push(("__exception__", "true".to_owned()));
            }
            Kind::Map { tag: None, constants }
        }
        None => match fields {
            Fields::Named(_) => Kind::Map { tag: None, constants: Vec::new() },
            Fields::Unnamed(_) => Kind::Tuple { tag: None },
            Fields::Unit => Kind::Atom(keys.rename.as_ref().map_or_else(|| name.to_owned(), LitStr::value)),
        },
    };
    match (&keys.rename, &kind) {
        (Some(rename), kind) if !matches!(kind, Kind::Atom(_)) => {
            errors.at(rename, "only a struct without fields has a name of its own in the term, as an atom");
        }
        _ => {}
    }
    let named = matches!(kind, Kind::Map { .. });
    let rename_all = rename_all(keys.rename_all, named, errors);
    let context = Context { direction, rename_all, undefined: keys.undefined.is_some(), named };
    let mut shape = Shape { kind, fields: self::fields(fields, &context, errors) };
    if keys.shape.is_none()
        && let Fields::Unnamed(_) = fields
        && shape.written().count() == 1
    {
        shape.kind = Kind::Transparent;
    }
    distinct_keys(fields, &shape, errors);
    shape
}

fn variant(variant: &syn::Variant, keys: &TypeKeys, direction: Direction, errors: &mut Errors) -> Variant {
    let own = VariantKeys::read(&variant.attrs, errors);
    let case = keys.rename_all.map_or(Case::Snake, |(_, case)| case);
    let name = match &own.rename {
        Some(name) => name.value(),
        None => case.apply(&plain_name(&variant.ident)),
    };
    let untagged = keys.untagged.is_some();
    let tag = (!untagged).then(|| name.clone());
    let kind = match &variant.fields {
        Fields::Unit => Kind::Atom(name.clone()),
        Fields::Unnamed(_) => Kind::Tuple { tag },
        Fields::Named(_) => Kind::Map { tag, constants: Vec::new() },
    };
    if let (Some(rename), true, Fields::Unnamed(_) | Fields::Named(_)) = (&own.rename, untagged, &variant.fields) {
        errors.at(rename, "the name of this variant is not written, because the enum is `untagged`");
    }
    let named = matches!(kind, Kind::Map { .. });
    let rename_all = rename_all(own.rename_all, named, errors);
    let context = Context { direction, rename_all, undefined: keys.undefined.is_some(), named };
    let mut shape = Shape { kind, fields: fields(&variant.fields, &context, errors) };
    if untagged
        && let Fields::Unnamed(_) = variant.fields
        && shape.written().count() == 1
    {
        shape.kind = Kind::Transparent;
    }
    distinct_keys(&variant.fields, &shape, errors);
    Variant { ident: variant.ident.clone(), name, docs: docs(&variant.attrs), shape }
}

fn rename_all(given: Option<(Span, Case)>, named: bool, errors: &mut Errors) -> Option<Case> {
    if let (Some((span, _)), false) = (given, named) {
        errors.span(span, "there are no names to change: the fields are not written as a map");
    }
    given.map(|(_, case)| case)
}

fn fields(fields: &Fields, context: &Context, errors: &mut Errors) -> Vec<Field> {
    fields.iter().enumerate().map(|(position, field)| self::field(position, field, context, errors)).collect()
}

fn field(position: usize, field: &SynField, context: &Context, errors: &mut Errors) -> Field {
    let keys = FieldKeys::read(&field.attrs, errors);
    let (member, name) = match &field.ident {
        Some(ident) => (Member::Named(ident.clone()), plain_name(ident)),
        None => (Member::Unnamed(Index::from(position)), String::new()),
    };
    if !context.named {
        if let Some(rename) = &keys.rename {
            errors.at(rename, "this field has no name in the term, because it is not written as a map");
        }
        if let (Some((span, _)), None) = (&keys.default, keys.skip) {
            errors.span(*span, "only a key of a map can be missing; an element of a tuple is always there");
        }
    }
    let skip = keys.skip.is_some();
    if context.direction == Direction::From && !skip {
        for_each_unowned(&field.ty, &mut |inner| {
            if let Type::Reference(reference) = inner {
                errors.at(inner, format_args!("what is read from a term is owned: use {}", owned(&reference.elem)));
            }
        });
    }
    let key = match &keys.rename {
        Some(rename) => rename.value(),
        None => context.rename_all.map_or(name.clone(), |case| case.apply(&name)),
    };
    let undefined = match (keys.undefined, context.undefined) {
        (Some(_), _) => Undefined::Field,
        (None, true) => Undefined::Type,
        (None, false) => Undefined::No,
    };
    Field {
        member,
        ty: field.ty.clone(),
        key,
        docs: docs(&field.attrs),
        skip,
        default: keys.default.map(|(_, default)| default),
        undefined,
    }
}

/// Checks that no key of a map occurs twice.
fn distinct_keys(fields: &Fields, shape: &Shape, errors: &mut Errors) {
    let Kind::Map { constants, .. } = &shape.kind else { return };
    let mut seen: HashSet<&str> = constants.iter().map(|(key, _)| *key).collect();
    for (field, source) in shape.fields.iter().zip(fields) {
        // Without a name: reported where the shape is.
        if !field.skip && !field.key.is_empty() && !seen.insert(&field.key) {
            errors.at(place(source), format_args!("the key `{}` is there twice", field.key));
        }
    }
}

/// Checks that variants differ in the atom, or in the atom and the size of the tuple.
fn distinct_variants<'a>(variants: impl Iterator<Item = (&'a syn::Variant, &'a Variant)>, errors: &mut Errors) {
    let mut seen = HashSet::new();
    for (source, variant) in variants {
        if !seen.insert((variant.name.clone(), size(&variant.shape))) {
            let term = if size(&variant.shape).is_some() { "tagged tuple" } else { "atom" };
            errors.at(&source.ident, format_args!("another variant is the same {term} `{}`", variant.name));
        }
    }
}

/// Returns how many terms follow the tag of a variant; none for an atom.
pub(crate) fn size(shape: &Shape) -> Option<usize> {
    match shape.kind {
        Kind::Atom(_) => None,
        Kind::Map { .. } | Kind::Transparent => Some(1),
        Kind::Tuple { .. } => Some(shape.written().count()),
    }
}

fn place(field: &SynField) -> proc_macro2::TokenStream {
    field.ident.as_ref().map_or_else(|| field.ty.to_token_stream(), ToTokens::to_token_stream)
}
