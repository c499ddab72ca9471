//! The annotated item as it was written. Bodies are not looked into.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    Attribute, ImplItem, ItemImpl, Signature, Visibility,
    parse::{Parse, ParseStream, Parser},
    parse_quote, token,
};

/// What the attribute stands on.
pub(crate) enum Item {
    /// A free function.
    Function(Box<Function>),
    /// An `impl` block.
    Block(Box<Block>),
    /// Anything else.
    Other(TokenStream),
}

/// A function or method.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// With its braces.
    body: TokenStream,
}

/// An `impl` block.
pub(crate) struct Block {
    /// The block without the contents of its braces.
    pub(crate) header: ItemImpl,
    pub(crate) members: Vec<Member>,
}

pub(crate) enum Member {
    Function(Box<Function>),
    Other(TokenStream),
}

impl Item {
    pub(crate) fn parse(tokens: TokenStream) -> Self {
        if let Ok(function) = syn::parse2(tokens.clone()) {
            return Item::Function(Box::new(function));
        }
        match Block::parse(tokens.clone()) {
            Some(block) => Item::Block(Box::new(block)),
            None => Item::Other(tokens),
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        if !input.peek(token::Brace) {
            return Err(input.error("expected the body of the function"));
        }
        let body: TokenTree = input.parse()?;
        Ok(Function { attrs, vis, sig, body: body.into() })
    }
}

impl Block {
    fn parse(tokens: TokenStream) -> Option<Self> {
        let mut header: Vec<TokenTree> = tokens.into_iter().collect();
        let Some(TokenTree::Group(body)) = header.pop() else { return None };
        let mut braces = proc_macro2::Group::new(body.delimiter(), TokenStream::new());
        braces.set_span(body.span());
        header.push(braces.into());
        let mut header: ItemImpl = syn::parse2(header.into_iter().collect()).ok()?;
        let members = |input: ParseStream<'_>| {
            header.attrs.extend(input.call(Attribute::parse_inner)?);
            let mut members = Vec::new();
            while !input.is_empty() {
                members.push(input.parse()?);
            }
            Ok(members)
        };
        let members = members.parse2(body.stream()).ok()?;
        Some(Block { header, members })
    }
}

impl Member {
    /// Of a function.
    pub(crate) fn attributes(&self) -> &[Attribute] {
        match self {
            Member::Function(function) => &function.attrs,
            Member::Other(_) => &[],
        }
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.fork().parse::<Function>().is_ok() {
            return input.parse().map(Box::new).map(Member::Function);
        }
        input.parse::<ImplItem>().map(|item| Member::Other(item.into_token_stream()))
    }
}

impl Function {
    /// Handlers own their arguments whether they need to or not, and get their state by reference.
    pub(crate) fn allow_what_handlers_must_do(&mut self) {
        self.attrs.push(parse_quote!(
            #[allow(clippy::needless_pass_by_value, clippy::trivially_copy_pass_by_ref)]
        ));
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attrs, vis, sig, body } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let members = &self.members;
        let mut block: Vec<TokenTree> = self.header.to_token_stream().into_iter().collect();
        if let Some(TokenTree::Group(braces)) = block.pop() {
            // Inner attributes of the block are printed inside of the braces.
            let attributes = braces.stream();
            let mut group = proc_macro2::Group::new(braces.delimiter(), quote!(#attributes #(#members)*));
            group.set_span(braces.span());
            block.push(group.into());
        }
        tokens.extend(block);
    }
}

impl ToTokens for Member {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Member::Function(function) => function.to_tokens(tokens),
            Member::Other(other) => other.to_tokens(tokens),
        }
    }
}
