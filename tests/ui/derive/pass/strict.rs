//! No lint finds anything in what the derives write.
#![deny(warnings, clippy::all, clippy::pedantic, missing_docs, missing_debug_implementations, unreachable_pub)]
#![deny(unused_qualifications, single_use_lifetimes, elided_lifetimes_in_paths, unused_results)]
#![deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
#![forbid(unsafe_code)]

use std::{collections::HashMap, marker::PhantomData};

use nodex::{
    convert::{FromTerm as Read, IntoTerm as Write},
    etf::{Decoder, Encoder},
    prelude::Atom as Name,
};

/// An order.
#[derive(Debug, PartialEq, Write, Read)]
#[term(elixir_struct = "Shop.Order", rename_all = "camelCase")]
pub struct Order<T> {
    /// Its number.
    pub number: u64,
    /// What is in it.
    pub lines: Vec<T>,
    #[term(undefined)]
    note: Option<Name>,
    #[deprecated]
    old: u8,
    #[term(skip)]
    cache: PhantomData<HashMap<u8, T>>,
}

#[derive(Debug, PartialEq, Write, Read)]
#[term(untagged)]
enum Line {
    Nothing,
    Text(String),
    Priced { name: String, price: f64 },
    Pair(u8, Box<Line>),
}

#[derive(Debug, PartialEq, Write, Read)]
enum Status {
    Pending,
    Shipped(String, u8),
    Failed { r#type: u8 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Write, Read)]
struct Unit;

#[derive(Debug, Write)]
struct Borrowed<'a>(&'a str, &'a [u8]);

fn write(value: &impl Write) -> Result<Vec<u8>, nodex::etf::EncodeError> {
    let mut encoder = Encoder::new();
    value.encode(&mut encoder)?;
    Ok(encoder.to_vec())
}

#[allow(deprecated)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lines = vec![
        Line::Nothing,
        Line::Text("x".to_owned()),
        Line::Priced { name: "y".to_owned(), price: 1.5 },
        Line::Pair(1, Box::new(Line::Nothing)),
    ];
    let order = Order { number: 1, lines, note: None, old: 0, cache: PhantomData };
    let bytes = write(&order)?;
    assert_eq!(Order::<Line>::decode(&mut Decoder::new(&bytes))?, order);
    for status in [Status::Pending, Status::Shipped("post".to_owned(), 3), Status::Failed { r#type: 1 }] {
        let bytes = write(&status)?;
        assert_eq!(Status::decode(&mut Decoder::new(&bytes))?, status);
    }
    assert_eq!(write(&Unit)?, b"\x77\x04unit");
    assert_eq!(write(&("a", 1_u8))?, b"\x68\x02\x6d\0\0\0\x01a\x61\x01");
    Ok(())
}
