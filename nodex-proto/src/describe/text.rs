//! Definitions as the text of a module.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    expression::Expression,
    names::{Definition, Names},
    ty::{Struct, Type},
    types::Types,
};
use crate::text::{Syntax, is_visible, module_name, write_elixir_key};

impl Types {
    /// Returns a type in the syntax of this language: `[String.t()]`.
    pub fn text(&self, ty: &Type, syntax: Syntax) -> String {
        Expression { names: &Names::of(self), syntax }.text(ty)
    }

    /// Returns the definitions of all types with names for a module of this language: `@type` or `-type`, with their
    /// documentation and exports.
    ///
    /// Structs are written as `%Shop.Order{id: integer()}`, for which Elixir must know the module.
    /// [`elixir_structs`](Self::elixir_structs) defines such modules if no other source does.
    pub fn definitions_text(&self, syntax: Syntax) -> String {
        let names = Names::of(self);
        let expression = Expression { names: &names, syntax };
        let definitions = self.definitions();
        let mut out = String::new();
        for definition in &definitions {
            match syntax {
                Syntax::Erlang => erlang_definition(&mut out, definition, &expression),
                Syntax::Elixir => elixir_definition(&mut out, definition, &expression),
            }
        }
        if syntax == Syntax::Erlang && !definitions.is_empty() {
            let names: Vec<String> = definitions.iter().map(|definition| format!("{}/0", definition.name)).collect();
            let _ = writeln!(out, "-export_type([{}]).", names.join(", "));
        }
        out
    }

    /// Returns the definition of a module for each struct and exception of Elixir that is a type with a name, or a part
    /// of one.
    pub fn elixir_structs(&self) -> String {
        let definitions = self.definitions();
        let mut found: BTreeMap<String, (bool, Vec<&str>)> = BTreeMap::new();
        let mut rest: Vec<&Type> = definitions.iter().map(|definition| &definition.ty).collect();
        while let Some(ty) = rest.pop() {
            rest.extend(ty.parts());
            let Type::Struct(Struct { module: Some(module), exception, fields, .. }) = ty else { continue };
            let Some(module) = module_name(module) else { continue };
            let (is_exception, keys) = found.entry(module.to_owned()).or_default();
            *is_exception |= exception;
            for field in fields {
                if !keys.contains(&field.name.as_str()) {
                    keys.push(&field.name);
                }
            }
        }
        let mut out = String::new();
        for (module, (exception, keys)) in found {
            let kind = if exception { "defexception" } else { "defstruct" };
            let _ = write!(out, "defmodule {module} do\n  {kind} [");
            for (position, key) in keys.iter().enumerate() {
                out.push_str(if position > 0 { ", " } else { "" });
                let _ = write_elixir_key(&mut out, key);
                out.push_str("nil");
            }
            out.push_str("]\nend\n");
        }
        out
    }
}

/// Returns the documentation of a definition, followed by that of its fields and variants.
fn doc(definition: &Definition, expression: &Expression<'_>) -> String {
    let mut text = definition.doc.clone();
    let mut entry = |name: String, doc: &str| {
        if !doc.is_empty() {
            let break_ = if text.is_empty() || text.contains("\n* `") { "\n" } else { "\n\n" };
            let doc = doc.replace('\n', "\n  ");
            let _ = write!(text, "{break_}* `{name}`: {doc}");
        }
    };
    match &definition.ty {
        Type::Tuple(fields) | Type::Struct(Struct { fields, .. }) => {
            fields.iter().for_each(|field| entry(field.name.clone(), &field.doc));
        }
        Type::Union(variants) => {
            for variant in variants {
                entry(expression.text(&variant.ty), &variant.doc);
                if let Type::Tuple(fields) = &variant.ty {
                    fields.iter().for_each(|field| entry(field.name.clone(), &field.doc));
                    for field in fields {
                        if let Type::Struct(Struct { fields, .. }) = &field.ty {
                            fields.iter().for_each(|field| entry(field.name.clone(), &field.doc));
                        }
                    }
                }
            }
        }
        _ => {}
    }
    // An invisible character could end the comment.
    let shown = text.trim_start_matches('\n').chars();
    shown.map(|c| if c == '\n' || is_visible(c) { c } else { '\u{FFFD}' }).collect()
}

fn erlang_definition(out: &mut String, definition: &Definition, expression: &Expression<'_>) {
    for line in doc(definition, expression).lines() {
        let _ = writeln!(out, "{}", format!("%% {line}").trim_end());
    }
    let _ = writeln!(out, "-type {}() :: {}.", definition.name, expression.text(&definition.ty));
}

fn elixir_definition(out: &mut String, definition: &Definition, expression: &Expression<'_>) {
    let doc = doc(definition, expression);
    if !doc.is_empty() {
        let escaped = doc.replace('\\', "\\\\").replace("#{", "\\#{").replace("\"\"\"", "\\\"\"\"");
        let _ = writeln!(out, "@typedoc \"\"\"\n{escaped}\n\"\"\"");
    }
    let _ = writeln!(out, "@type {}() :: {}", definition.name, expression.text(&definition.ty));
}
