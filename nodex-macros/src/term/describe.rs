//! Writes what tells of the terms that a type is read from or written as.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{
    ast::{Body, Field, Input, Kind, Shape, Undefined},
    bounds,
    valid::Direction,
};
use crate::spans::{local, member_of};

/// The method of `FromTerm` or `IntoTerm`.
pub(crate) fn method(input: &Input, direction: Direction) -> TokenStream {
    let writer = Writer { direction, may_be_unsized: bounds::may_be_unsized(input) };
    let (private, types) = (private(), local("types"));
    let (method, define) = match direction {
        Direction::From => (quote!(input_type), quote!(define_input)),
        Direction::Into => (quote!(output_type), quote!(define_output)),
    };
    let (name, docs) = (&input.name, &input.docs);
    let parameters = bounds::parameters(input);
    let (full_name, described) = (local("name"), local("parameters"));
    let generic_name = (!parameters.is_empty()).then(|| {
        let parameters = parameters.iter().map(|ident| writer.parameter(ident));
        quote! {
            let #described = [#(#parameters),*];
            let #full_name = #types.generic_name(#name, &#described);
        }
    });
    let name = if parameters.is_empty() { quote!(#name) } else { quote!(&#full_name) };
    let ty = match &input.body {
        Body::Struct(shape) => writer.shape(shape),
        Body::Enum { variants, .. } => {
            let variants = variants.iter().map(|variant| {
                let (name, doc, ty) = (&variant.name, doc(&variant.docs), writer.shape(&variant.shape));
                quote!(#private::describe::Variant::new(#name, #ty) #doc)
            });
            quote!(#private::describe::Type::Union(::std::vec![#(#variants),*]))
        }
    };
    quote! {
        fn #method(#types: &mut #private::describe::Types) -> #private::describe::Type {
            #generic_name
            #types.#define::<Self>(#name, #docs, |#types| {
                let _ = &#types;
                #ty
            })
        }
    }
}

fn private() -> TokenStream {
    quote!(::nodex::__private)
}

fn doc(docs: &str) -> Option<TokenStream> {
    (!docs.is_empty()).then(|| quote!(.doc(#docs)))
}

struct Writer {
    direction: Direction,
    may_be_unsized: bool,
}

impl Writer {
    fn implemented(&self) -> (TokenStream, &'static str) {
        let private = private();
        match self.direction {
            Direction::From => (quote!(#private::convert::FromTerm), "input_type"),
            Direction::Into if self.may_be_unsized => (quote!(#private::convert::OutputType), "output_type"),
            Direction::Into => (quote!(#private::convert::IntoTerm), "output_type"),
        }
    }

    fn parameter(&self, ident: &Ident) -> TokenStream {
        let ((implemented, method), types) = (self.implemented(), local("types"));
        let method = Ident::new(method, proc_macro2::Span::mixed_site());
        quote!(<#ident as #implemented>::#method(#types))
    }

    /// What a field holds.
    fn value(&self, field: &Field) -> TokenStream {
        let ((implemented, method), types) = (self.implemented(), local("types"));
        let method = member_of(&field.ty, implemented, method);
        let undefined = (field.undefined != Undefined::No).then(|| quote!(.undefined()));
        quote!(#method(#types) #undefined)
    }

    fn shape(&self, shape: &Shape) -> TokenStream {
        let private = private();
        let describe = quote!(#private::describe);
        match &shape.kind {
            Kind::Atom(name) => quote!(#describe::Type::literal(#name)),
            Kind::Transparent => shape.written().map(|field| self.value(field)).collect(),
            Kind::Tuple { tag } => {
                let tag = tag.iter().map(|tag| quote!(#describe::Field::new("", #describe::Type::literal(#tag))));
                let fields = shape.written().map(|field| self.field(field, None));
                let fields = tag.chain(fields);
                quote!(#describe::Type::Tuple(::std::vec![#(#fields),*]))
            }
            Kind::Map { tag, constants } => {
                let module = constants.iter().find(|(key, _)| *key == "__struct__").map(|(_, module)| {
                    let exception = constants.iter().any(|(key, _)| *key == "__exception__");
                    let method = if exception { quote!(exception) } else { quote!(module) };
                    quote!(.#method(#private::term::Atom::from_static(#module)))
                });
                // A struct of Elixir has all of its keys, always.
                let always = module.is_some() || self.direction == Direction::Into;
                let fields = shape.written().map(|field| {
                    let required = (!always).then(|| match &field.default {
                        Some(_) => quote!(false),
                        None => {
                            let absent = member_of(&field.ty, self.implemented().0, "absent");
                            quote!(::core::option::Option::is_none(&#absent()))
                        }
                    });
                    self.field(field, required)
                });
                let map = quote!(#describe::Type::Struct(#describe::Struct::new([#(#fields),*]) #module));
                match tag {
                    Some(tag) => quote!(#describe::Type::tuple([#describe::Type::literal(#tag), #map])),
                    None => map,
                }
            }
        }
    }

    fn field(&self, field: &Field, required: Option<TokenStream>) -> TokenStream {
        let (private, name, value, doc) = (private(), &field.key, self.value(field), doc(&field.docs));
        let required = required.map(|required| quote!(.required(#required)));
        quote!(#private::describe::Field::new(#name, #value) #doc #required)
    }
}
