//! `docs/command.md`: what it shows is what the commands print, times and other numbers aside.
//!
//! A block of text behind `<!-- output: COMMAND -->` is what the command prints to both outputs, and behind
//! `<!-- part of output: COMMAND -->` a part of it. Commands run by a shell, beside the BEAM and the Rust node of
//! [`World`].

use crate::support;

use std::{path::Path, process::Command};

use support::{Nodex, c_program, example, world::World};

/// A block and where it stands.
struct Block {
    line: usize,
    command: String,
    /// It need not be all of it.
    part: bool,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(comment) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let (part, command) = match comment.split_once("output: ") {
            Some(("", command)) => (false, command),
            Some(("part of ", command)) => (true, command),
            _ => continue,
        };
        assert_eq!(lines.next().map(|(_, line)| line), Some("```text"), "line {}", number + 2);
        let text = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let text = text.map(|line| format!("{line}\n")).collect();
        found.push(Block { line: number + 1, command: command.to_owned(), part, text });
    }
    found
}

/// Without what differs from run to run: numbers, and the spaces that make up for their width.
fn normal(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut last = ' ';
        for c in line.trim().chars() {
            let c = if c.is_ascii_digit() { '0' } else { c };
            let is_part_of_number = matches!(c, '0' | '.' | ',') && last == '0';
            let is_padding = c == ' ' && last == ' ';
            if !is_part_of_number && !is_padding {
                out.push(c);
                last = c;
            }
        }
        out.push('\n');
    }
    // Units go with the numbers.
    ["ns", "µs", "ms", "s"].iter().fold(out, |out, unit| {
        out.replace(&format!("0 {unit} "), "0 s ")
            .replace(&format!("0 {unit},"), "0 s,")
            .replace(&format!("0 {unit}\n"), "0 s\n")
    })
}

#[test]
fn shows_what_is_printed() {
    let page = include_str!("../../docs/command.md");
    let blocks = blocks(page);
    assert!(blocks.len() > 12, "only {} blocks", blocks.len());
    let world = World::start();
    let nodex = Path::new(env!("CARGO_BIN_EXE_nodex"));
    // The commands are called as they are shown.
    let path = [nodex.parent(), example("functions").parent(), c_program("example_client").parent()]
        .map(|folder| folder.expect("a folder").display().to_string())
        .join(":");
    let mut wrong = Vec::new();
    for block in blocks {
        let mut shell = Command::new("sh");
        let script = block
            .command
            .replace("./legacy_cnode", &c_program("example_client").display().to_string())
            .replace("./calc", &example("functions").display().to_string());
        shell.args(["-c", &format!("{script} 2>&1")]);
        shell.env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap_or_default()));
        let run = Nodex::new(shell)
            .env("ERL_EPMD_PORT", &world.port().to_string())
            .env("NODEX_COOKIE", support::world::COOKIE)
            .env("TERM", "dumb");
        let ended = run.run();
        let (shown, printed) = (normal(&block.text), normal(&ended.stdout));
        let same = if block.part { printed.contains(shown.trim()) } else { printed.trim() == shown.trim() };
        if !same {
            wrong.push(format!("line {}: {}\n--- printed\n{}", block.line, block.command, ended.stdout));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
