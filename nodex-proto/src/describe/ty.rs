//! [`Type`].

use super::integer::Bound;
use crate::{atom, term::Atom};

/// A set of terms.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// Any term.
    Term,
    /// The integers from `min` to `max`, both included; `None` is no bound.
    Integer {
        /// The least one.
        min: Option<Bound>,
        /// The greatest one.
        max: Option<Bound>,
    },
    /// Floats.
    Float,
    /// `true` and `false`.
    Boolean,
    /// Any atom.
    Atom,
    /// This atom only.
    Literal(Atom),
    /// Characters, which are integers.
    Char,
    /// Binaries of any bytes.
    Binary,
    /// Binaries of UTF-8.
    String,
    /// Bit strings, binaries among them.
    BitString,
    /// Lists of characters.
    Charlist,
    /// Lists of any length.
    List(Box<Type>),
    /// Lists of this number of elements.
    Array(Box<Type>, usize),
    /// Tuples. Elements may have names, which are not in the term.
    Tuple(Vec<Field>),
    /// Maps with any number of keys and values of these types.
    Map(Box<Type>, Box<Type>),
    /// Maps with these atoms as keys. A map that is read may have other keys too.
    Struct(Struct),
    /// Pids.
    Pid,
    /// Ports.
    Port,
    /// References.
    Reference,
    /// Functions.
    Function,
    /// A value, or the atom that represents none.
    Optional {
        /// The value.
        value: Box<Type>,
        /// `nil` or `undefined`.
        none: Atom,
    },
    /// `{ok, T}` or `{error, E}`; the atom alone if the type is `None`.
    Result {
        /// The type after `ok`.
        ok: Option<Box<Type>>,
        /// The type after `error`.
        error: Option<Box<Type>>,
    },
    /// One of these.
    Union(Vec<Variant>),
    /// A type with a name, which is defined in [`Types`](super::Types).
    Named(DefinitionId),
}

impl Type {
    /// Returns the type of the integers within these bounds, both included.
    pub fn integer(min: impl Into<Bound>, max: impl Into<Bound>) -> Self {
        Type::Integer { min: Some(min.into()), max: Some(max.into()) }
    }

    /// Returns the type of all integers.
    pub fn any_integer() -> Self {
        Type::Integer { min: None, max: None }
    }

    /// Returns the type of the atom with this name.
    ///
    /// # Panics
    /// Panics when the name has more than 255 characters.
    pub fn literal(name: &'static str) -> Self {
        Type::Literal(Atom::from_static(name))
    }

    /// Returns the type of lists of this element type.
    pub fn list(element: Type) -> Self {
        Type::List(Box::new(element))
    }

    /// Returns the type of tuples whose elements have no names.
    pub fn tuple(elements: impl IntoIterator<Item = Type>) -> Self {
        Type::Tuple(elements.into_iter().map(|element| Field::new("", element)).collect())
    }

    /// Returns the type of maps from these keys to these values.
    pub fn map(key: Type, value: Type) -> Self {
        Type::Map(Box::new(key), Box::new(value))
    }

    /// Returns the type of this type's terms and the atom `nil`.
    pub fn optional(value: Type) -> Self {
        Type::Optional { value: Box::new(value), none: atom!("nil") }
    }

    /// Returns the union of these types.
    pub fn union(variants: impl IntoIterator<Item = Type>) -> Self {
        Type::Union(variants.into_iter().map(|variant| Variant::new("", variant)).collect())
    }

    /// Returns the same type, with `undefined` in place of `nil` if it is optional.
    #[must_use]
    pub fn undefined(self) -> Self {
        match self {
            Type::Optional { value, .. } => Type::Optional { value, none: atom!("undefined") },
            other => other,
        }
    }

    /// Returns the types that this one contains directly.
    pub(super) fn parts(&self) -> Vec<&Type> {
        match self {
            Type::List(part) | Type::Array(part, _) | Type::Optional { value: part, .. } => vec![part],
            Type::Map(key, value) => vec![key, value],
            Type::Result { ok, error } => ok.iter().chain(error).map(|part| &**part).collect(),
            Type::Tuple(fields) | Type::Struct(Struct { fields, .. }) => fields.iter().map(|field| &field.ty).collect(),
            Type::Union(variants) => variants.iter().map(|variant| &variant.ty).collect(),
            _ => Vec::new(),
        }
    }

    /// Replaces the definitions that this type refers to.
    pub(super) fn rename(&mut self, name: &impl Fn(DefinitionId) -> DefinitionId) {
        match self {
            Type::Named(id) => *id = name(*id),
            Type::List(part) | Type::Array(part, _) | Type::Optional { value: part, .. } => part.rename(name),
            Type::Map(key, value) => {
                key.rename(name);
                value.rename(name);
            }
            Type::Result { ok, error } => ok.iter_mut().chain(error).for_each(|part| part.rename(name)),
            Type::Tuple(fields) | Type::Struct(Struct { fields, .. }) => {
                fields.iter_mut().for_each(|field| field.ty.rename(name));
            }
            Type::Union(variants) => variants.iter_mut().for_each(|variant| variant.ty.rename(name)),
            _ => {}
        }
    }
}

/// The id of a definition. Two ids can belong to definitions that are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId(pub(super) usize);

/// A key of a map, or an element of a tuple.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Field {
    /// The key, or the name of the element; empty for an element without one.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// The value.
    pub ty: Type,
    /// False for a key that may be missing.
    pub required: bool,
}

impl Field {
    /// Creates a required field.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Field { name: name.into(), doc: String::new(), ty, required: true }
    }

    /// Adds documentation.
    #[must_use]
    pub fn doc(self, doc: impl Into<String>) -> Self {
        Field { doc: doc.into(), ..self }
    }

    /// Sets whether it is required.
    #[must_use]
    pub fn required(self, required: bool) -> Self {
        Field { required, ..self }
    }
}

/// A map with atoms as keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Struct {
    /// The module of an Elixir struct, as an atom: `Elixir.Shop.Order`.
    pub module: Option<Atom>,
    /// Whether it is an exception of Elixir, and has the key `__exception__`.
    pub exception: bool,
    /// Its keys, without `__struct__` and `__exception__`.
    pub fields: Vec<Field>,
}

impl Struct {
    /// Creates a map with these fields.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Struct { module: None, exception: false, fields: fields.into_iter().collect() }
    }

    /// Makes it a struct of Elixir, whose module is written as an atom: `Elixir.Shop.Order`.
    #[must_use]
    pub fn module(self, module: Atom) -> Self {
        Struct { module: Some(module), ..self }
    }

    /// Makes it an exception of Elixir.
    #[must_use]
    pub fn exception(self, module: Atom) -> Self {
        Struct { exception: true, ..self.module(module) }
    }
}

impl From<Struct> for Type {
    fn from(value: Struct) -> Self {
        Type::Struct(value)
    }
}

/// One of the types of a union.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Variant {
    /// Its name in Rust or in the term; may be empty.
    pub name: String,
    /// The documentation.
    pub doc: String,
    /// The terms.
    pub ty: Type,
}

impl Variant {
    /// Creates a variant.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Variant { name: name.into(), doc: String::new(), ty }
    }

    /// Adds documentation.
    #[must_use]
    pub fn doc(self, doc: impl Into<String>) -> Self {
        Variant { doc: doc.into(), ..self }
    }
}
