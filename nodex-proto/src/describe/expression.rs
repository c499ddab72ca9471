//! Types as Erlang and Elixir write them.

use std::fmt::Write;

use super::{
    integer::Bound,
    names::Names,
    ty::{Field, Struct, Type},
};
use crate::text::{Syntax, module_name, write_atom, write_elixir_atom, write_elixir_key};

/// A writer of types as text.
pub(super) struct Expression<'a> {
    pub(super) names: &'a Names,
    pub(super) syntax: Syntax,
}

impl Expression<'_> {
    pub(super) fn text(&self, ty: &Type) -> String {
        let mut out = String::new();
        self.write(&mut out, ty);
        out
    }

    fn either<'t>(&self, erlang: &'t str, elixir: &'t str) -> &'t str {
        if self.syntax == Syntax::Erlang { erlang } else { elixir }
    }

    // Writing to a string never fails.
    pub(super) fn write(&self, out: &mut String, ty: &Type) {
        match ty {
            Type::Term => out.push_str("term()"),
            Type::Integer { min, max } => integer(out, *min, *max),
            Type::Float => out.push_str("float()"),
            Type::Boolean => out.push_str("boolean()"),
            Type::Atom => out.push_str("atom()"),
            Type::Literal(name) => self.atom(out, name),
            Type::Char => out.push_str("char()"),
            Type::Binary => out.push_str("binary()"),
            Type::String => out.push_str(self.either("unicode:unicode_binary()", "String.t()")),
            Type::BitString => out.push_str("bitstring()"),
            Type::Charlist => out.push_str(self.either("string()", "charlist()")),
            Type::List(element) => self.list(out, element, "]"),
            Type::Array(_, 0) => out.push_str("[]"),
            Type::Array(element, _) => self.list(out, element, ", ...]"),
            Type::Tuple(fields) => {
                out.push('{');
                self.all(out, fields, |out, field| self.element(out, field));
                out.push('}');
            }
            Type::Map(key, value) => {
                out.push_str(self.either("#{", "%{optional("));
                self.write(out, key);
                out.push_str(self.either(" => ", ") => "));
                self.write(out, value);
                out.push('}');
            }
            Type::Struct(fields) => self.structure(out, fields),
            Type::Pid => out.push_str("pid()"),
            Type::Port => out.push_str("port()"),
            Type::Reference => out.push_str("reference()"),
            Type::Function => out.push_str("fun()"),
            Type::Optional { .. } | Type::Result { .. } | Type::Union(_) => {
                let mut texts = Vec::new();
                self.alternatives(&mut texts, ty);
                match texts.is_empty() {
                    true => out.push_str("none()"),
                    false => out.push_str(&texts.join(" | ")),
                }
            }
            Type::Named(id) => {
                out.push_str(self.names.name(*id));
                out.push_str("()");
            }
        }
    }

    fn atom(&self, out: &mut String, name: &str) {
        let _ = match self.syntax {
            Syntax::Erlang => write_atom(out, name),
            Syntax::Elixir => write_elixir_atom(out, name),
        };
    }

    fn list(&self, out: &mut String, element: &Type, end: &str) {
        out.push('[');
        self.write(out, element);
        out.push_str(end);
    }

    fn all<T>(&self, out: &mut String, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                out.push_str(", ");
            }
            write(out, item);
        }
    }

    /// Adds the parts of a union, each once if their texts are the same.
    fn alternatives(&self, texts: &mut Vec<String>, ty: &Type) {
        let mut add = |text: String| {
            if !texts.contains(&text) {
                texts.push(text);
            }
        };
        match ty {
            Type::Optional { value, none } => {
                self.alternatives(texts, value);
                self.alternatives(texts, &Type::Literal(none.clone()));
            }
            Type::Result { ok, error } => {
                add(self.tagged("ok", ok.as_deref()));
                add(self.tagged("error", error.as_deref()));
            }
            Type::Union(variants) => variants.iter().for_each(|variant| self.alternatives(texts, &variant.ty)),
            other => add(self.text(other)),
        }
    }

    fn tagged(&self, tag: &str, value: Option<&Type>) -> String {
        let mut out = String::new();
        match value {
            None => self.atom(&mut out, tag),
            Some(value) => {
                out.push('{');
                self.atom(&mut out, tag);
                out.push_str(", ");
                self.write(&mut out, value);
                out.push('}');
            }
        }
        out
    }

    fn element(&self, out: &mut String, field: &Field) {
        if let Some(name) = variable(&field.name, self.syntax) {
            out.push_str(&name);
            out.push_str(" :: ");
        }
        self.write(out, &field.ty);
    }

    fn structure(&self, out: &mut String, map: &Struct) {
        match self.syntax {
            Syntax::Erlang => self.erlang_map(out, map),
            Syntax::Elixir => self.elixir_map(out, map),
        }
    }

    fn erlang_map(&self, out: &mut String, map: &Struct) {
        out.push_str("#{");
        let mut constants: Vec<(&str, &str)> = Vec::new();
        constants.extend(map.module.as_ref().map(|module| ("__struct__", &**module)));
        constants.extend(map.exception.then_some(("__exception__", "true")));
        self.all(out, &constants, |out, (key, value)| {
            self.atom(out, key);
            out.push_str(" := ");
            self.atom(out, value);
        });
        if !constants.is_empty() && !map.fields.is_empty() {
            out.push_str(", ");
        }
        self.all(out, &map.fields, |out, field| {
            self.atom(out, &field.name);
            out.push_str(if field.required { " := " } else { " => " });
            self.write(out, &field.ty);
        });
        out.push('}');
    }

    fn elixir_map(&self, out: &mut String, map: &Struct) {
        // The compiler of Elixir knows the keys of a struct, and `__exception__` is one of them.
        let module = map.module.as_ref().and_then(|module| module_name(module));
        let module = module.filter(|_| map.fields.iter().all(|field| field.required));
        out.push('%');
        out.push_str(module.unwrap_or_default());
        out.push('{');
        let mut constants: Vec<(&str, &str)> = Vec::new();
        if let (None, Some(module)) = (module, &map.module) {
            constants.push(("__struct__", module));
            constants.extend(map.exception.then_some(("__exception__", "true")));
        }
        let keywords = constants.is_empty() && map.fields.iter().all(|field| field.required);
        self.all(out, &constants, |out, (key, value)| {
            self.elixir_key(out, key, true);
            self.atom(out, value);
        });
        if !constants.is_empty() && !map.fields.is_empty() {
            out.push_str(", ");
        }
        self.all(out, &map.fields, |out, field| {
            match keywords {
                true => drop(write_elixir_key(out, &field.name)),
                false => self.elixir_key(out, &field.name, field.required),
            }
            self.write(out, &field.ty);
        });
        out.push('}');
    }

    fn elixir_key(&self, out: &mut String, key: &str, required: bool) {
        out.push_str(if required { "required(" } else { "optional(" });
        self.atom(out, key);
        out.push_str(") => ");
    }
}

fn integer(out: &mut String, min: Option<Bound>, max: Option<Bound>) {
    let is = |bound: Option<Bound>, value: i8| bound == Some(value.into());
    match (min, max) {
        (Some(min), Some(max)) if min == max => drop(write!(out, "{min}")),
        (Some(min), Some(max)) => drop(write!(out, "{min}..{max}")),
        (_, None) if is(min, 0) => out.push_str("non_neg_integer()"),
        (_, None) if is(min, 1) => out.push_str("pos_integer()"),
        (None, _) if is(max, -1) => out.push_str("neg_integer()"),
        // Neither language can express more.
        _ => out.push_str("integer()"),
    }
}

/// Returns the name of an element or an argument as a variable of the language; `None` if it cannot be one.
pub(super) fn variable(name: &str, syntax: Syntax) -> Option<String> {
    /// Words of Elixir that cannot be variables.
    const WORDS: [&str; 14] =
        ["after", "and", "catch", "do", "else", "end", "false", "fn", "in", "nil", "not", "or", "rescue", "true"];
    let name = name.trim_start_matches('_');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(is_plain) {
        return None;
    }
    Some(match syntax {
        Syntax::Erlang => {
            let parts = name.split('_').filter_map(|part| {
                let mut chars = part.chars();
                Some(chars.next()?.to_ascii_uppercase().to_string() + chars.as_str())
            });
            parts.collect()
        }
        Syntax::Elixir => {
            let mut name = name.to_ascii_lowercase();
            if WORDS.contains(&name.as_str()) || name == "when" {
                name.push('_');
            }
            name
        }
    })
}
