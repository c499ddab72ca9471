//! What a type looks like in Erlang: made by `valid`, written out by `from_term` and `into_term`.

use proc_macro2::TokenStream;
use syn::{ExprPath, Generics, Ident, Member, Type};

/// A type to derive for.
pub(crate) struct Input {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Its name in errors.
    pub(crate) label: String,
    /// Its name where types are described.
    pub(crate) name: String,
    /// The doc comment.
    pub(crate) docs: String,
    pub(crate) body: Body,
    /// An attribute of the implementation, where one is needed.
    pub(crate) allow: Option<TokenStream>,
}

pub(crate) enum Body {
    Struct(Shape),
    Enum {
        variants: Vec<Variant>,
        /// No names are written; the first variant that fits is read.
        untagged: bool,
    },
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// Its atom, or its name in errors.
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) shape: Shape,
}

/// One term with fields in it.
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) fields: Vec<Field>,
}

pub(crate) enum Kind {
    /// An atom.
    Atom(String),
    /// What the only field is.
    Transparent,
    /// A map with atoms as keys, inside of `{tag, Map}` if there is a tag. `constants` are keys whose values are always
    /// the same atoms.
    Map { tag: Option<String>, constants: Vec<(&'static str, String)> },
    /// A tuple, its first element being the tag if there is one.
    Tuple { tag: Option<String> },
}

pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// Its key in a map, or its name in errors.
    pub(crate) key: String,
    pub(crate) docs: String,
    /// Neither written nor read.
    pub(crate) skip: bool,
    pub(crate) default: Option<Default>,
    pub(crate) undefined: Undefined,
}

/// Where the value of a missing or skipped field comes from.
#[derive(Clone)]
pub(crate) enum Default {
    /// `Default::default()`.
    Trait,
    /// A function without arguments.
    Path(ExprPath),
}

/// Whether `None` is written as `undefined`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undefined {
    No,
    /// The whole type was marked: its fields that are an `Option`.
    Type,
    /// The field was marked, so it is an `Option`.
    Field,
}

impl Shape {
    /// Returns the fields that are in the term.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.skip)
    }
}

impl Input {
    pub(crate) fn shapes(&self) -> Vec<&Shape> {
        match &self.body {
            Body::Struct(shape) => vec![shape],
            Body::Enum { variants, .. } => variants.iter().map(|variant| &variant.shape).collect(),
        }
    }
}
