//! One work a fixed number of times between two marks.

use std::{hint::black_box, os::unix::process::parent_id};

use nodex_proto::{
    convert::{FromTerm, IntoTerm, term_to_binary},
    etf::{Decoder, Encoder},
};

use crate::subject::Subject;

/// How often a work is done between its marks. Printed with its name, so that whoever counts need not know it.
const TIMES: u32 = 20;

/// How often it is done before: buffers grow, tables are made, and the allocator finds what it will find again.
const BEFORE: u32 = 5;

const WORKS: [&str; 4] = ["decode_typed", "decode_dynamic", "encode_typed", "encode_dynamic"];

/// Does the work that valgrind counts.
pub(crate) enum Counter {
    /// Names all works.
    List,
    /// Does one of them with one term. A process does no other, and makes no other term: what an allocation costs depends
    /// on all that were made and freed before, and maps are freed in another order in each run.
    One { term: String, work: String },
}

impl Counter {
    /// By the arguments behind `--count`.
    pub(crate) fn new(mut arguments: impl Iterator<Item = String>) -> Self {
        match (arguments.next(), arguments.next()) {
            (Some(term), Some(work)) => Counter::One { term, work },
            _ => Counter::List,
        }
    }
}

impl Subject for Counter {
    fn wants(&self, name: &str) -> bool {
        match self {
            Counter::List => true,
            Counter::One { term, .. } => term == name,
        }
    }

    fn term<T: FromTerm + IntoTerm + Clone>(&mut self, name: &str, value: &T) {
        let Counter::One { work, .. } = self else {
            return WORKS.iter().for_each(|work| println!("{name} {work} {TIMES}"));
        };
        let binary = term_to_binary(value).unwrap();
        let bytes = &binary[1..];
        let received = bytes::Bytes::copy_from_slice(bytes);
        let mut encoder = Encoder::new();
        match work.as_str() {
            "decode_typed" => count(|| {
                drop(black_box(T::decode(&mut Decoder::with_owner(black_box(&received), &received)).unwrap()));
            }),
            "decode_dynamic" => count(|| {
                drop(black_box(Decoder::with_owner(black_box(&received), &received).term().unwrap()));
            }),
            "encode_typed" => count(|| {
                encoder.clear();
                black_box(value).encode(&mut encoder).unwrap();
                black_box(encoder.len());
            }),
            "encode_dynamic" => {
                let dynamic = Decoder::with_owner(&received, &received).term().unwrap();
                count(|| {
                    encoder.clear();
                    encoder.put_term(black_box(&dynamic)).unwrap();
                    black_box(encoder.len());
                });
            }
            other => panic!("no work is called {other}"),
        }
    }
}

fn count(mut once: impl FnMut()) {
    (0..BEFORE).for_each(|_| once());
    mark();
    (0..TIMES).for_each(|_| once());
    mark();
}

/// A call that valgrind recognises by the name of a function of the C library, which nothing else here calls: a release
/// build has no names of its own.
fn mark() {
    black_box(parent_id());
}
