//! The codec against the crates eetf and erltf, on the same bytes: `cargo bench -p nodex-core --bench codec`.
//!
//! `decode/typed` and `encode/typed` are ours only: the others have no way around their dynamic terms, so their
//! `decode/eetf` and so on is what it has to be compared with. The figures of the BEAM's own codec come last, if there is an
//! `escript`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::{collections::HashMap, fmt::Write as _, hint::black_box, path::Path, process::Command, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nodex_core::{
    atom,
    convert::{DecodeError, FromTerm, IntoTerm, term_to_binary},
    eetf,
    etf::{Decoder, EncodeError, Encoder},
    term::{Atom, Pid, Reference, Term},
};

/// A struct of Elixir, read and written as the derives do it: one pass over the keys.
#[derive(Debug, Clone, PartialEq)]
struct Order {
    id: u64,
    customer: String,
    lines: Vec<(String, u32, f64)>,
    tags: Vec<Atom>,
    total: f64,
    note: Option<String>,
    paid: bool,
}

impl FromTerm for Order {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (mut id, mut customer, mut lines, mut tags) = (None, None, None, None);
        let (mut total, mut note, mut paid) = (None, None, None);
        for _ in 0..decoder.map()? {
            match &*nodex_core::convert::derive::key(decoder)? {
                b"id" => id = Some(u64::decode(decoder)?),
                b"customer" => customer = Some(String::decode(decoder)?),
                b"lines" => lines = Some(Vec::decode(decoder)?),
                b"tags" => tags = Some(Vec::decode(decoder)?),
                b"total" => total = Some(f64::decode(decoder)?),
                b"note" => note = Some(Option::decode(decoder)?),
                b"paid" => paid = Some(bool::decode(decoder)?),
                _ => drop(decoder.skip()?),
            }
        }
        let missing = || DecodeError::mismatch("an order", "map without a key");
        Ok(Order {
            id: id.ok_or_else(missing)?,
            customer: customer.ok_or_else(missing)?,
            lines: lines.ok_or_else(missing)?,
            tags: tags.ok_or_else(missing)?,
            total: total.ok_or_else(missing)?,
            note: note.ok_or_else(missing)?,
            paid: paid.ok_or_else(missing)?,
        })
    }
}

impl IntoTerm for Order {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_map(8)?;
        encoder.put_slice(b"w\x0a__struct__w\x11Elixir.Shop.Order");
        encoder.put_slice(b"w\x02id");
        self.id.encode(encoder)?;
        encoder.put_slice(b"w\x08customer");
        self.customer.encode(encoder)?;
        encoder.put_slice(b"w\x05lines");
        self.lines.encode(encoder)?;
        encoder.put_slice(b"w\x04tags");
        self.tags.encode(encoder)?;
        encoder.put_slice(b"w\x05total");
        self.total.encode(encoder)?;
        encoder.put_slice(b"w\x04note");
        self.note.encode(encoder)?;
        encoder.put_slice(b"w\x04paid");
        self.paid.encode(encoder)
    }
}

fn order(id: u64) -> Order {
    Order {
        id,
        customer: format!("Customer {id}"),
        lines: vec![("apple".into(), 3, 1.25), ("pear".into(), 1, 0.75), ("a longer product name".into(), 12, 99.5)],
        tags: vec![atom!("new"), atom!("priority")],
        total: 1198.5,
        note: None,
        paid: true,
    }
}

fn compare<T: FromTerm + IntoTerm>(c: &mut Criterion, corpus: &mut String, name: &str, value: &T) {
    let binary = term_to_binary(value).unwrap();
    let hex: String = binary.iter().map(|byte| format!("{byte:02X}")).collect();
    writeln!(corpus, "{name} {hex}").unwrap();
    let (with_version, bytes) = (&binary[..], &binary[1..]);
    // As the link has it: the buffer that was received is shared.
    let received = bytes::Bytes::copy_from_slice(bytes);
    let dynamic = Decoder::new(bytes).term().unwrap();
    let theirs = eetf::Term::decode(with_version).unwrap();
    let rival = erltf::decode(with_version).unwrap();

    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("skip", |b| b.iter(|| Decoder::new(black_box(bytes)).skip().unwrap().len()));
    group.bench_function("decode/typed", |b| {
        b.iter(|| T::decode(&mut Decoder::with_owner(black_box(&received), &received)).unwrap());
    });
    group.bench_function("decode/dynamic", |b| b.iter(|| Decoder::new(black_box(bytes)).term().unwrap()));
    group.bench_function("decode/eetf", |b| b.iter(|| eetf::Term::decode(black_box(with_version)).unwrap()));
    group.bench_function("decode/erltf", |b| b.iter(|| erltf::decode(black_box(with_version)).unwrap()));
    let mut encoder = Encoder::new();
    group.bench_function("encode/typed", |b| {
        b.iter(|| {
            encoder.clear();
            black_box(value).encode(&mut encoder).unwrap();
            encoder.len()
        });
    });
    group.bench_function("encode/dynamic", |b| {
        b.iter(|| {
            encoder.clear();
            encoder.put_term(black_box::<&Term>(&dynamic)).unwrap();
            encoder.len()
        });
    });
    let mut out = Vec::new();
    group.bench_function("encode/eetf", |b| {
        b.iter(|| {
            out.clear();
            black_box(&theirs).encode(&mut out).unwrap();
            out.len()
        });
    });
    group.bench_function("encode/erltf", |b| b.iter(|| erltf::encode(black_box(&rival)).unwrap().len()));
    group.finish();
}

fn codec(c: &mut Criterion) {
    let mut corpus = String::new();
    let pid = Pid { node: Atom::new("host@127.0.0.1").unwrap(), id: 91, serial: 0, creation: 1_700_000_000 };
    let reference = Reference::new(pid.node.clone(), 1_700_000_000, &[1, 2, 3]).unwrap();
    compare(c, &mut corpus, "ping", &(atom!("ping"), String::from("hello")));
    compare(
        c,
        &mut corpus,
        "call",
        &(atom!("$gen_call"), (pid, reference), (atom!("put"), String::from("key"), 5_i64)),
    );
    compare(c, &mut corpus, "order", &order(17));
    compare(c, &mut corpus, "orders", &(0..100).map(order).collect::<Vec<_>>());
    compare(c, &mut corpus, "integers", &(0..1000).map(|i| i * 7919).collect::<Vec<i64>>());
    compare(c, &mut corpus, "floats", &(0..1000).map(|i| f64::from(i) / 3.0).collect::<Vec<f64>>());
    compare(
        c,
        &mut corpus,
        "strings",
        &(0..100).map(|i| (format!("key number {i}"), i)).collect::<HashMap<String, i64>>(),
    );
    compare(c, &mut corpus, "bytes", &(0..=255_u8).cycle().take(4000).collect::<Vec<u8>>());
    compare(c, &mut corpus, "binary", &bytes::Bytes::from(vec![7; 10_000]));
    beam(&corpus);
}

/// The same terms in the BEAM.
fn beam(corpus: &str) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec_corpus.txt");
    std::fs::write(&file, corpus).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/codec.escript");
    match Command::new("escript").arg(script).arg(file).status() {
        Ok(status) => assert!(status.success(), "escript: {status}"),
        Err(error) => println!("left out: the BEAM, as escript does not start: {error}"),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(30)
        .without_plots();
    targets = codec
}
criterion_main!(benches);
