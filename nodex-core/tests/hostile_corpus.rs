//! The fuzz targets without a fuzzer: each over its checked-in inputs and over many spoiled ones.
//!
//! `NODEX_FUZZ_RUNS` says how many spoiled inputs each target gets.

// The fuzzer takes them from a library of its own.
#[allow(unreachable_pub)]
#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Takes about a second in a debug build.
const RUNS: usize = 6000;

/// Longer inputs are replayed as they are, but not spoiled.
const LONGEST: usize = 4096;

macro_rules! replayed {
    ($($target:ident),+ $(,)?) => {
        $(#[test] fn $target() { replay(stringify!($target)); })+

        #[test]
        fn every_target_is_replayed() {
            let all: Vec<&str> = targets::ALL.iter().map(|target| target.0).collect();
            assert_eq!(all, [$(stringify!($target)),+]);
        }
    };
}
replayed!(term, typed, frames, initiator, acceptor, epmd_client, epmd_server, text, signals);

fn replay(target: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus-seed").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    let inputs: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("the input")).collect();
    for (file, input) in files.iter().zip(&inputs) {
        check(target, input, &file.display().to_string());
    }
    let runs = std::env::var("NODEX_FUZZ_RUNS").ok().map_or(RUNS, |runs| runs.parse().expect("a number of runs"));
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    // Each is a play of its own with a node.
    let runs = if target == "signals" { runs / 20 } else { runs };
    let short: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).filter(|input| input.len() <= LONGEST).collect();
    for run in 0..runs {
        let input = spoil(&short, &mut numbers);
        check(target, &input, &format!("run {run}"));
    }
}

/// Runs the target; an input that makes it panic is shown, so that it can be kept.
fn check(target: &str, input: &[u8], name: &str) {
    let result = catch_unwind(AssertUnwindSafe(|| targets::run(target, input)));
    assert!(result.is_ok(), "{target} fails with {name}: \"{}\"", input.escape_ascii());
}

/// A small generator of numbers, so that each run spoils the inputs in the same way.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % limit.max(1)
    }
}

/// One of the inputs with some bytes changed, cut, repeated, or mixed with another input.
fn spoil(inputs: &[&[u8]], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = inputs[numbers.below(inputs.len())].to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + 1 + numbers.below(8)).min(bytes.len());
        let other = inputs[numbers.below(inputs.len())];
        match numbers.below(9) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => bytes.extend_from_within(at..),
            3 => bytes.insert(at, numbers.below(256) as u8),
            4 => drop(bytes.splice(at..end, [0, 0, 0, numbers.below(256) as u8])),
            5 => drop(bytes.splice(at..end, [255, 255, 255, 255])),
            6 => {
                let from = numbers.below(other.len() + 1);
                let to = (from + numbers.below(40)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ if at < bytes.len() => match numbers.below(3) {
                0 => bytes[at] ^= 1 << numbers.below(8),
                1 => bytes[at] = bytes[at].wrapping_add(1),
                _ => bytes[at] = numbers.below(256) as u8,
            },
            _ => {}
        }
        bytes.truncate(LONGEST);
    }
    bytes
}
