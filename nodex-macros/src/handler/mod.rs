//! `#[cnode_handler]`.

mod ast;
mod attr;
mod expand;
mod valid;

use proc_macro2::TokenStream;
use quote::quote;

use self::{
    ast::Item,
    attr::{BlockKeys, Keys},
};
use crate::errors::Errors;

/// Expands the attribute.
pub(crate) fn attribute(keys: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    match Item::parse(item) {
        Item::Function(mut function) => {
            let keys = Keys::of_function(keys, &mut errors);
            let handler = valid::function(&function, keys, &mut errors);
            let service = match errors.is_empty() {
                true => expand::function(&function, &handler),
                // A method: where it stands, no struct can.
                false if function.sig.receiver().is_some() => TokenStream::new(),
                false => expand::function_fallback(&function),
            };
            function.allow_what_handlers_must_do();
            let errors = errors.into_tokens();
            quote!(#function #service #errors)
        }
        Item::Block(mut block) => {
            let keys = BlockKeys::read(keys, &mut errors);
            let handlers = valid::block(&mut block, &mut errors);
            let service = match errors.is_empty() {
                true => expand::block(&block, &handlers, &keys),
                false => expand::block_fallback(&block),
            };
            let errors = errors.into_tokens();
            quote!(#block #service #errors)
        }
        Item::Other(item) => {
            errors.at(&item, "`#[cnode_handler]` stands on a function or on an `impl` block");
            let errors = errors.into_tokens();
            quote!(#item #errors)
        }
    }
}
