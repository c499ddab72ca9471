//! [`Types`]: the types with names.

use std::{any::type_name, collections::BTreeMap, panic::Location};

use super::ty::{DefinitionId, Type};

/// The types with names, which are collected while types are described.
///
/// A type of your own is defined here so that it is described once and may contain itself:
///
/// ```
/// use nodex_proto::{convert::{DecodeError, FromTerm}, describe::{Type, Types}, etf::{Decoder, Kind}, text::Syntax};
///
/// /// A number, or a list of trees.
/// enum Tree {
///     Leaf(i64),
///     Branches(Vec<Tree>),
/// }
///
/// impl FromTerm for Tree {
///     fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
///         match decoder.peek()? {
///             Kind::Integer => i64::decode(decoder).map(Tree::Leaf),
///             _ => Vec::decode(decoder).map(Tree::Branches),
///         }
///     }
///
///     fn input_type(types: &mut Types) -> Type {
///         types.define_input::<Self>("tree", "A number, or a list of trees.", |types| {
///             Type::union([i64::input_type(types), Vec::<Tree>::input_type(types)])
///         })
///     }
/// }
///
/// let mut types = Types::new();
/// let tree = Tree::input_type(&mut types);
/// assert_eq!(types.text(&tree, Syntax::Erlang), "tree()");
/// assert_eq!(
///     types.definitions_text(Syntax::Erlang),
///     "%% A number, or a list of trees.\n\
///      -type tree() :: -9223372036854775808..9223372036854775807 | [tree()].\n\
///      -export_type([tree/0]).\n"
/// );
/// ```
#[derive(Debug, Clone, Default)]
pub struct Types {
    pub(super) drafts: Vec<Draft>,
    known: BTreeMap<Key, DefinitionId>,
}

/// A definition. Other definitions can have the same name.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) direction: Direction,
    /// Its name in Rust.
    pub(super) rust: &'static str,
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) ty: Type,
}

/// Whether terms are read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Input,
    Output,
}

/// Identifies a Rust type. Two types in two blocks of a function can have the same name.
type Key = (Direction, &'static str, &'static str, u32, u32);

impl Types {
    /// Creates an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the type with this name, which `T` is read from. `describe` is called unless the type is defined
    /// already, or is being defined.
    ///
    /// If different types have the same name, numbers are added to the later ones. `_type` is added to a name that the
    /// languages use.
    #[track_caller]
    pub fn define_input<T: ?Sized>(
        &mut self,
        name: &str,
        doc: &str,
        describe: impl FnOnce(&mut Types) -> Type,
    ) -> Type {
        self.define((Direction::Input, type_name::<T>()), Location::caller(), name, doc, describe)
    }

    /// Returns the type with this name, which `T` is written as. If `T` is read from other terms, `_input` is added to
    /// the name of the type that it is read from.
    #[track_caller]
    pub fn define_output<T: ?Sized>(
        &mut self,
        name: &str,
        doc: &str,
        describe: impl FnOnce(&mut Types) -> Type,
    ) -> Type {
        self.define((Direction::Output, type_name::<T>()), Location::caller(), name, doc, describe)
    }

    fn define(
        &mut self,
        (direction, rust): (Direction, &'static str),
        place: &'static Location<'static>,
        name: &str,
        doc: &str,
        describe: impl FnOnce(&mut Types) -> Type,
    ) -> Type {
        let key = (direction, rust, place.file(), place.line(), place.column());
        if let Some(&id) = self.known.get(&key) {
            return Type::Named(id);
        }
        let id = DefinitionId(self.drafts.len());
        self.known.insert(key, id);
        self.drafts.push(Draft { direction, rust, name: name.to_owned(), doc: doc.to_owned(), ty: Type::Term });
        let ty = describe(self);
        // A type that only refers to itself has no values.
        if ty != Type::Named(id) {
            self.drafts[id.0].ty = ty;
        }
        Type::Named(id)
    }

    /// Returns the name of a generic type with these types as its parameters: `page` of orders is `page_order`.
    pub fn generic_name(&self, name: &str, parameters: &[Type]) -> String {
        let mut full = name.to_owned();
        for parameter in parameters {
            full.push('_');
            self.push_label(&mut full, parameter);
        }
        full
    }

    /// Appends the label of a type in the name of another one.
    fn push_label(&self, out: &mut String, ty: &Type) {
        out.push_str(match ty {
            Type::Term => "term",
            Type::Integer { .. } => "integer",
            Type::Float => "float",
            Type::Boolean => "boolean",
            Type::Atom => "atom",
            Type::Literal(name) => name,
            Type::Char => "char",
            Type::Binary => "binary",
            Type::String => "string",
            Type::BitString => "bitstring",
            Type::Charlist => "charlist",
            Type::List(element) | Type::Array(element, _) => {
                out.push_str("list_");
                return self.push_label(out, element);
            }
            Type::Tuple(_) => "tuple",
            Type::Map(..) | Type::Struct(_) => "map",
            Type::Pid => "pid",
            Type::Port => "port",
            Type::Reference => "reference",
            Type::Function => "fun",
            Type::Optional { value, .. } => {
                out.push_str("optional_");
                return self.push_label(out, value);
            }
            Type::Result { .. } => "result",
            Type::Union(_) => "union",
            Type::Named(id) => self.drafts.get(id.0).map_or("", |draft| &draft.name),
        });
    }
}
