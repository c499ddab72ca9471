//! What a service offers, with its types.

use std::fmt::Write;

use super::interface::{Accepts, Service};
use crate::{
    describe::{Signature, Types},
    term::Atom,
    text::Syntax,
};

/// The functions of a service with the types that they take and answer.
///
/// ```
/// use nodex_core::{node::{Description, Functions}, text::Syntax};
///
/// let service = Functions::new().add("add", |a: u8, b: u8| a.checked_add(b));
/// let description = Description::of(&service);
/// assert_eq!(description.text(Syntax::Elixir), "@spec add(0..255, 0..255) :: 0..255 | nil\n");
/// assert_eq!(description.text(Syntax::Erlang), "-spec add(0..255, 0..255) -> 0..255 | nil.\n");
/// ```
///
/// It is made when it is asked for. Names of arguments and texts are those of `#[cnode_handler]`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Description {
    /// The types that have a name.
    pub types: Types,
    /// The functions in their order.
    pub functions: Vec<FunctionDescription>,
}

/// A function with its types.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionDescription {
    /// Its name.
    pub name: Atom,
    /// The number of its term arguments.
    pub arity: u8,
    /// What it does, for people.
    pub doc: &'static str,
    /// Which kinds of messages reach it.
    pub accepts: Accepts,
    /// What it takes and answers. Types with names are in [`Description::types`].
    pub signature: Signature,
}

impl Description {
    /// Returns the description of a service.
    pub fn of(service: &(impl Service + ?Sized)) -> Self {
        let mut description = Description { types: Types::new(), functions: Vec::new() };
        description.add(service);
        description
    }

    /// Adds the functions of another service, whose types receive names that differ from the others.
    pub fn add(&mut self, service: &(impl Service + ?Sized)) {
        for function in service.functions() {
            let signature = function.describe(&mut self.types);
            self.functions.push(FunctionDescription {
                name: function.name,
                arity: function.arity,
                doc: function.doc,
                accepts: function.accepts,
                signature,
            });
        }
    }

    /// Types and functions as they stand in a module of this language: `@type` and `@spec`, or `-type` and `-spec`.
    pub fn text(&self, syntax: Syntax) -> String {
        let mut out = self.types.definitions_text(syntax);
        for function in &self.functions {
            let spec = self.types.spec(&function.name, &function.signature, syntax);
            // Writing to a string never fails.
            let _ = match syntax {
                Syntax::Erlang => writeln!(out, "-spec {spec}."),
                Syntax::Elixir => writeln!(out, "@spec {spec}"),
            };
        }
        out
    }
}
