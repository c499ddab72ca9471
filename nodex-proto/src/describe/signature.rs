//! Signatures of functions: their arguments and their results.

use super::{
    expression::{Expression, variable},
    names::Names,
    ty::Type,
    types::Types,
};
use crate::text::{Syntax, write_atom, write_elixir_atom};

/// The arguments and the result of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Signature {
    /// The arguments in order.
    pub arguments: Vec<Argument>,
    /// The result.
    pub outcome: Outcome,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Argument {
    /// Its name in Rust; empty if it has none.
    pub name: String,
    /// The terms that it accepts.
    pub ty: Type,
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The reply; `None` if there is no reply, or a later one by other means.
    pub reply: Option<Type>,
    /// The reasons of exceptions that are raised in the caller.
    pub raises: Option<Type>,
}

impl Outcome {
    /// Creates an outcome with a reply of this type.
    pub fn reply(ty: Type) -> Self {
        Outcome { reply: Some(ty), raises: None }
    }

    /// Creates an outcome without a reply.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds the reasons of exceptions.
    #[must_use]
    pub fn raises(self, reason: Type) -> Self {
        let raises = match self.raises {
            None => reason,
            Some(other) => Type::union([other, reason]),
        };
        Outcome { raises: Some(raises), ..self }
    }
}

impl Signature {
    /// Creates a signature without arguments.
    pub fn new(outcome: Outcome) -> Self {
        Signature { arguments: Vec::new(), outcome }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(self, name: impl Into<String>, ty: Type) -> Self {
        self.and(Some(Argument::new(name, ty)))
    }

    /// Adds these arguments after the others.
    #[must_use]
    pub fn and(mut self, arguments: impl IntoIterator<Item = Argument>) -> Self {
        self.arguments.extend(arguments);
        self
    }
}

impl Argument {
    /// Creates an argument; the name may be empty.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Argument { name: name.into(), ty }
    }
}

impl Types {
    /// Returns the specification of a function, as it follows `@spec` or `-spec`:
    ///
    /// ```
    /// use nodex_proto::{describe::{Outcome, Signature, Type, Types}, text::Syntax};
    ///
    /// let age = Signature::new(Outcome::reply(Type::integer(0, 255))).argument("first_name", Type::String);
    /// let types = Types::new();
    /// assert_eq!(types.spec("age", &age, Syntax::Elixir), "age(first_name :: String.t()) :: 0..255");
    /// assert_eq!(types.spec("age", &age, Syntax::Erlang), "age(FirstName :: unicode:unicode_binary()) -> 0..255");
    /// ```
    ///
    /// The result of a function without a reply type is `term()`, because the signature does not describe it.
    pub fn spec(&self, name: &str, signature: &Signature, syntax: Syntax) -> String {
        let expression = Expression { names: &Names::of(self), syntax };
        let mut out = String::new();
        // Writing to a string never fails.
        let _ = match syntax {
            Syntax::Erlang => write_atom(&mut out, name),
            Syntax::Elixir if is_elixir_function(name) => {
                out.push_str(name);
                Ok(())
            }
            Syntax::Elixir => {
                out.push_str("unquote(");
                let written = write_elixir_atom(&mut out, name);
                out.push(')');
                written
            }
        };
        out.push('(');
        let mut names: Vec<String> = Vec::new();
        for (position, argument) in signature.arguments.iter().enumerate() {
            out.push_str(if position > 0 { ", " } else { "" });
            if let Some(name) = variable(&argument.name, syntax).filter(|name| !names.contains(name)) {
                out.push_str(&name);
                out.push_str(" :: ");
                names.push(name);
            }
            expression.write(&mut out, &argument.ty);
        }
        out.push_str(if syntax == Syntax::Erlang { ") -> " } else { ") :: " });
        expression.write(&mut out, signature.outcome.reply.as_ref().unwrap_or(&Type::Term));
        out
    }
}

/// Returns whether a call of this function is written with its name as it is.
fn is_elixir_function(name: &str) -> bool {
    /// Words of the language.
    const WORDS: [&str; 19] = [
        "after",
        "and",
        "catch",
        "do",
        "else",
        "end",
        "false",
        "fn",
        "in",
        "nil",
        "not",
        "or",
        "rescue",
        "true",
        "when",
        "unquote",
        "unquote_splicing",
        "__block__",
        "__aliases__",
    ];
    let body = name.strip_suffix(['?', '!']).unwrap_or(name);
    body.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && body.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !WORDS.contains(&name)
}
