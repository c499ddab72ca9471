//! Writes `IntoTerm`. Everything that is known now, such as keys, tags and heads, is written as encoded bytes.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{Ident, Member};

use super::{
    ast::{Body, Field, Input, Kind, Shape, Undefined},
    bounds, describe,
    valid::Direction,
};
use crate::spans::{local, member_of, plain_name};

const SMALL_TUPLE_EXT: u8 = 104;
const LARGE_TUPLE_EXT: u8 = 105;
const MAP_EXT: u8 = 116;
const ATOM_UTF8_EXT: u8 = 118;
const SMALL_ATOM_UTF8_EXT: u8 = 119;

pub(crate) fn expand(input: &Input) -> TokenStream {
    let ident = &input.ident;
    let private = quote!(::nodex::__private);
    let generics = bounds::add(input, &into_term(), false);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let allow = &input.allow;
    let encoder = local("encoder");
    let description = describe::method(input, Direction::Into);
    let body = match &input.body {
        Body::Struct(shape) => write(shape, |field| {
            let member = &field.member;
            quote!(&self.#member)
        }),
        Body::Enum { variants, .. } => {
            let arms = variants.iter().map(|variant| {
                let ident = &variant.ident;
                let patterns = variant.shape.written().map(|field| {
                    let (member, binding) = (&field.member, binding(field));
                    quote!(#member: #binding)
                });
                let rest = variant.shape.fields.iter().any(|field| field.skip).then(|| quote!(..));
                let body = write(&variant.shape, |field| {
                    let binding = binding(field);
                    quote!(#binding)
                });
                quote!(Self::#ident { #(#patterns,)* #rest } => { #body })
            });
            quote!(match self { #(#arms)* })
        }
    };
    quote! {
        #[automatically_derived]
        #allow
        impl #impl_generics #private::convert::IntoTerm for #ident #type_generics #where_clause {
            #[inline]
            fn encode(
                &self,
                #encoder: &mut #private::etf::Encoder,
            ) -> ::core::result::Result<(), #private::etf::EncodeError> {
                #body
                ::core::result::Result::Ok(())
            }

            #description
        }
    }
}

/// Returns a replacement for an implementation with errors, so that uses of the type cause no further errors.
pub(crate) fn fallback(input: &syn::DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let private = quote!(::nodex::__private);
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #impl_generics #private::convert::IntoTerm for #ident #type_generics #where_clause {
            fn encode(
                &self,
                _: &mut #private::etf::Encoder,
            ) -> ::core::result::Result<(), #private::etf::EncodeError> {
                loop {}
            }
        }
    }
}

fn into_term() -> TokenStream {
    quote!(::nodex::__private::convert::IntoTerm)
}

/// Returns the local name of a field.
fn binding(field: &Field) -> Ident {
    match &field.member {
        Member::Named(ident) => local(&format!("field_{}", plain_name(ident))),
        Member::Unnamed(index) => local(&format!("field_{}", index.index)),
    }
}

/// Statements that write a shape.
fn write(shape: &Shape, value: impl Fn(&Field) -> TokenStream) -> TokenStream {
    let mut output = Output::default();
    match &shape.kind {
        Kind::Atom(name) => output.atom(name),
        Kind::Transparent => {}
        Kind::Tuple { tag } => {
            output.tuple(shape.written().count() + usize::from(tag.is_some()));
            tag.iter().for_each(|tag| output.atom(tag));
        }
        Kind::Map { tag, constants } => {
            if let Some(tag) = tag {
                output.tuple(2);
                output.atom(tag);
            }
            return map(output, shape, constants, value);
        }
    }
    shape.written().for_each(|field| output.field(field, &value(field)));
    output.finish()
}

/// Returns the keys in the order of their names: that of a small map in OTP up to 25. Any order is read.
fn map(
    mut output: Output,
    shape: &Shape,
    constants: &[(&'static str, String)],
    value: impl Fn(&Field) -> TokenStream,
) -> TokenStream {
    enum Value<'a> {
        Atom(&'a str),
        Field(&'a Field),
    }
    let mut pairs: Vec<(&str, Value<'_>)> = constants.iter().map(|(key, name)| (*key, Value::Atom(name))).collect();
    pairs.extend(shape.written().map(|field| (field.key.as_str(), Value::Field(field))));
    pairs.sort_by_key(|(key, _)| *key);
    output.map(pairs.len());
    for (key, pair) in pairs {
        output.atom(key);
        match pair {
            Value::Atom(name) => output.atom(name),
            Value::Field(field) => output.field(field, &value(field)),
        }
    }
    output.finish()
}

/// Statements, and bytes that have not become one yet.
#[derive(Default)]
struct Output {
    statements: TokenStream,
    bytes: Vec<u8>,
}

impl Output {
    fn atom(&mut self, name: &str) {
        match u8::try_from(name.len()) {
            Ok(length) => self.bytes.extend([SMALL_ATOM_UTF8_EXT, length]),
            Err(_) => {
                self.bytes.push(ATOM_UTF8_EXT);
                // At most 255 characters of at most 4 bytes.
                self.bytes.extend((name.len() as u16).to_be_bytes());
            }
        }
        self.bytes.extend(name.as_bytes());
    }

    fn tuple(&mut self, arity: usize) {
        match u8::try_from(arity) {
            Ok(arity) => self.bytes.extend([SMALL_TUPLE_EXT, arity]),
            Err(_) => {
                self.bytes.push(LARGE_TUPLE_EXT);
                self.bytes.extend((arity as u32).to_be_bytes());
            }
        }
    }

    fn map(&mut self, pairs: usize) {
        self.bytes.push(MAP_EXT);
        self.bytes.extend((pairs as u32).to_be_bytes());
    }

    fn field(&mut self, field: &Field, value: &TokenStream) {
        self.flush();
        let method = if field.undefined == Undefined::No { "encode" } else { "encode_undefined" };
        let encode = member_of(&field.ty, into_term(), method);
        let encoder = local("encoder");
        let check = bounds::undefined_check(field);
        self.statements.extend(quote!(#check #encode(#value, #encoder)?;));
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            let (encoder, bytes) = (local("encoder"), Literal::byte_string(&self.bytes));
            self.statements.extend(quote!(#encoder.put_array(#bytes);));
            self.bytes.clear();
        }
    }

    fn finish(mut self) -> TokenStream {
        self.flush();
        self.statements
    }
}
