//! The codec beside the crates eetf and erltf, the C library ei and the BEAM, on the same bytes:
//! `cargo bench -p nodex-proto --bench codec [-- --keep]`.
//!
//! `typed` and `dynamic` are ours: into Rust values without a dynamic term, and into [`Term`]. The others have dynamic terms
//! only; the C program makes a tree of C values. `clone` is what it costs to copy the dynamic term and to free the copy: that
//! much the type itself costs whoever makes it, since an atom is a `String` and a tuple a `Vec`. `typed clone` says the same
//! of the Rust value. All decoding includes freeing what was made, all encoding goes into a buffer that is used again (but
//! that of erltf and of the BEAM, which always make one).
//!
//! Criterion measures the Rust ones. A table comes last; it is written to `target/bench/codec.txt`, and as JSON to `codec.json`
//! beside it; `--keep` also puts both into docs/benchmark. Figures are the best of fifteen
//! rounds or more, of which other work on the machine disturbs the least.
//!
//! With `--count` nothing is measured: `--count` names all works, and `--count TERM WORK` does one of them a fixed number of
//! times between two marks, for `nodex-proto/tests/codec_instructions.rs`, which runs it under valgrind.

#![allow(missing_docs, clippy::unwrap_used)]

use std::{
    fmt::Write as _,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use criterion::{Criterion, Throughput};
use nodex_proto::{
    convert::{FromTerm, IntoTerm, term_to_binary},
    eetf,
    etf::{Decoder, Encoder},
};

use crate::{report::Report, subject::Subject};

mod corpus;
mod count;
#[path = "../../../benches/wire/src/figures/machine.rs"]
mod machine;
mod others;
mod report;
mod subject;

/// What has been measured so far.
struct Bench<'c> {
    criterion: &'c mut Criterion,
    /// Where criterion writes what it measured.
    measured: PathBuf,
    start: SystemTime,
    report: Report,
    /// For the other programs: lines of a name and an encoded term.
    corpus: String,
}

impl Subject for Bench<'_> {
    fn term<T: FromTerm + IntoTerm + Clone>(&mut self, name: &str, value: &T) {
        let binary = term_to_binary(value).unwrap();
        let hex: String = binary.iter().map(|byte| format!("{byte:02X}")).collect();
        writeln!(self.corpus, "{name} {hex}").unwrap();
        let (with_version, bytes) = (&binary[..], &binary[1..]);
        // As the link has it: the buffer that was received is shared.
        let received = bytes::Bytes::copy_from_slice(bytes);
        let dynamic = Decoder::with_owner(&received, &received).term().unwrap();
        let theirs = eetf::Term::decode(with_version).unwrap();
        let rival = erltf::decode(with_version).unwrap();

        let mut group = self.criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("decode typed", |b| {
            b.iter(|| T::decode(&mut Decoder::with_owner(black_box(&received), &received)).unwrap());
        });
        group.bench_function("decode dynamic", |b| {
            b.iter(|| Decoder::with_owner(black_box(&received), &received).term().unwrap())
        });
        group.bench_function("decode eetf", |b| b.iter(|| eetf::Term::decode(black_box(with_version)).unwrap()));
        group.bench_function("decode erltf", |b| b.iter(|| erltf::decode(black_box(with_version)).unwrap()));
        group.bench_function("decode skip", |b| b.iter(|| Decoder::new(black_box(bytes)).skip().unwrap().len()));
        group.bench_function("decode clone", |b| b.iter(|| black_box(&dynamic).clone()));
        group.bench_function("decode typed clone", |b| b.iter(|| black_box(value).clone()));
        let mut encoder = Encoder::new();
        group.bench_function("encode typed", |b| {
            b.iter(|| {
                encoder.clear();
                black_box(value).encode(&mut encoder).unwrap();
                encoder.len()
            });
        });
        group.bench_function("encode dynamic", |b| {
            b.iter(|| {
                encoder.clear();
                encoder.put_term(black_box(&dynamic)).unwrap();
                encoder.len()
            });
        });
        let mut out = Vec::new();
        group.bench_function("encode eetf", |b| {
            b.iter(|| {
                out.clear();
                black_box(&theirs).encode(&mut out).unwrap();
                out.len()
            });
        });
        group.bench_function("encode erltf", |b| b.iter(|| erltf::encode(black_box(&rival)).unwrap().len()));
        group.finish();

        self.report.term(name, bytes.len());
        for (what, nanoseconds) in report::measured(&self.measured.join(name), self.start) {
            self.report.figure(name, &what, nanoseconds);
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--count");
    if arguments.next().is_some() {
        return corpus::all(&mut count::Counter::new(arguments));
    }
    let keep = std::env::args().any(|argument| argument == "--keep");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let measured = target.join("criterion");
    let criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .sample_size(20)
        .nresamples(1001)
        .without_plots()
        .output_directory(&measured);
    // Criterion takes no argument that it does not know.
    let mut criterion = if keep { criterion } else { criterion.configure_from_args() };
    let mut bench = Bench {
        criterion: &mut criterion,
        measured,
        start: SystemTime::now(),
        report: Report::default(),
        corpus: String::new(),
    };
    corpus::all(&mut bench);
    let Bench { mut report, corpus, .. } = bench;
    if report.is_empty() {
        // Only listed, or tested.
        return;
    }

    let corpus_file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec_corpus.txt");
    fs::write(&corpus_file, corpus).unwrap();
    others::measure(&mut report, &root, target, &corpus_file);

    let about = machine::about("cargo bench -p nodex-proto --bench codec", &others::about(&root));
    let (table, json) = (report.table(&about), report.json(&about));
    print!("\n{table}");
    let mut folders = vec![target.join("bench")];
    folders.extend(keep.then(|| root.join("docs/benchmark")));
    for folder in folders {
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("codec.txt"), &table).unwrap();
        fs::write(folder.join("codec.json"), &json).unwrap();
        println!("\nwritten to {}", folder.join("codec.txt").display());
    }
}
