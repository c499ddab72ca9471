//! A real BEAM to ask about encoded terms. It has to be there: without `escript` the tests that need it fail.
//! `NODEX_TEST_ESCRIPT` names another command to run scripts with, such as the `escript` of another release.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::{
    fmt::Write as _,
    io::{Read, Write},
    process::{Command, Stdio},
};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02X}").unwrap();
        hex
    })
}

pub fn unhex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "{hex}");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The answers of `oracle.escript`, in order.
pub fn ask(questions: &[String]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/etf_beam/oracle.escript");
    let command = std::env::var("NODEX_TEST_ESCRIPT").unwrap_or_else(|_| "escript".to_owned());
    let mut words = command.split_whitespace();
    let mut beam = Command::new(words.next().unwrap())
        .args(words)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("escript is part of erlang-base, which the tests need");
    let mut stdin = beam.stdin.take().unwrap();
    let text = questions.iter().fold(String::new(), |all, question| all + question + "\n");
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let mut answers = String::new();
    beam.stdout.take().unwrap().read_to_string(&mut answers).unwrap();
    assert!(beam.wait().unwrap().success());
    writer.join().unwrap().unwrap();
    let answers: Vec<_> = answers.lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// Whether a BEAM takes each of these terms.
pub fn accepts(terms: &[Vec<u8>]) -> Vec<bool> {
    let questions: Vec<_> = terms.iter().map(|term| format!("accept {}", hex(term))).collect();
    ask(&questions).iter().map(|answer| answer == "yes").collect()
}

/// One line of a file in `etf_vectors`.
#[derive(Debug)]
pub struct Vector {
    pub name: String,
    /// As the distribution writes it, without 131.
    pub bytes: Vec<u8>,
    /// Other encodings of the same term.
    pub others: Vec<Vec<u8>>,
    /// What `~0tp` prints.
    pub text: String,
}

pub fn vectors() -> Vec<Vector> {
    let lines = include_str!("../etf_vectors/terms.tsv").lines().filter(|line| !line.starts_with('#'));
    let all: Vec<_> = lines
        .map(|line| {
            let columns: Vec<_> = line.split('\t').collect();
            let [name, bytes, others @ .., text] = &columns[..] else { panic!("{line}") };
            Vector {
                name: (*name).to_owned(),
                bytes: unhex(bytes),
                others: others.iter().filter(|other| **other != "=").map(|other| unhex(other)).collect(),
                text: (*text).to_owned(),
            }
        })
        .collect();
    assert!(all.len() >= 300);
    all
}
