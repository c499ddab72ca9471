//! Each work a fixed number of times between two marks.

use std::{hint::black_box, os::unix::process::parent_id};

use nodex_proto::{
    convert::{FromTerm, IntoTerm, term_to_binary},
    etf::{Decoder, Encoder},
};

use crate::Subject;

/// How often each work is done between its marks. Printed with its name, so that whoever counts need not know it.
const TIMES: u32 = 20;

/// Does the work that valgrind counts.
pub(crate) struct Counter;

impl Subject for Counter {
    fn term<T: FromTerm + IntoTerm + Clone>(&mut self, name: &str, value: &T) {
        let binary = term_to_binary(value).unwrap();
        let bytes = &binary[1..];
        let received = bytes::Bytes::copy_from_slice(bytes);
        let dynamic = Decoder::new(bytes).term().unwrap();
        let mut encoder = Encoder::new();

        count(name, "decode_typed", || {
            drop(black_box(T::decode(&mut Decoder::with_owner(black_box(&received), &received)).unwrap()));
        });
        count(name, "decode_dynamic", || drop(black_box(Decoder::new(black_box(bytes)).term().unwrap())));
        count(name, "encode_typed", || {
            encoder.clear();
            black_box(value).encode(&mut encoder).unwrap();
            black_box(encoder.len());
        });
        count(name, "encode_dynamic", || {
            encoder.clear();
            encoder.put_term(black_box(&dynamic)).unwrap();
            black_box(encoder.len());
        });
    }
}

fn count(term: &str, work: &str, mut once: impl FnMut()) {
    println!("{term} {work} {TIMES}");
    // What is done only the first time: buffers that grow, tables that are made.
    once();
    mark();
    for _ in 0..TIMES {
        once();
    }
    mark();
}

/// A call that valgrind recognises by the name of a function of the C library, which nothing else here calls: a release
/// build has no names of its own.
fn mark() {
    black_box(parent_id());
}
