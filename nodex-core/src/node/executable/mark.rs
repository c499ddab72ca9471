//! A mark in node executables. It tells a host, without starting the executable, that it reads its cookie from the
//! environment. Other executables, such as C nodes on `ei`, get the cookie as an argument, which every user can read.

use std::{
    fs::File,
    hint::black_box,
    io::{self, Read},
    path::Path,
};

/// The reversed mark, so that a program that searches for it does not contain it.
const BACKWARDS: [u8; 56] = *b"8536d4a9e2c0f7d1 eikooc_xedon ni eikooc sti sdaer :xedon";

/// The mark in the executables.
static MARK: [u8; BACKWARDS.len()] = reversed(BACKWARDS);

const fn reversed(text: [u8; BACKWARDS.len()]) -> [u8; BACKWARDS.len()] {
    let mut mark = [0; BACKWARDS.len()];
    let mut at = 0;
    while at < text.len() {
        mark[at] = text[text.len() - 1 - at];
        at += 1;
    }
    mark
}

/// Includes the mark in the executable that calls this.
pub(in crate::node) fn carry() {
    black_box(&MARK);
}

/// How many bytes of a file are read at a time.
const PIECE: usize = 64 * 1024;

/// Larger files are not searched.
const LARGEST: u64 = 1 << 30;

/// Returns whether a file is a node executable that was built with this crate, and so takes `-` as its third argument
/// and the cookie from `NODEX_COOKIE`. A script that starts one is none itself, and neither is one that has been
/// packed.
///
/// # Errors
/// Returns an error when the file cannot be read.
pub fn reads_cookie_from_environment(executable: &Path) -> io::Result<bool> {
    let file = File::open(executable)?;
    let about = file.metadata()?;
    if !about.is_file() || about.len() > LARGEST {
        return Ok(false);
    }
    is_marked(file)
}

fn is_marked(mut file: impl Read) -> io::Result<bool> {
    let mark: Vec<u8> = black_box(BACKWARDS).iter().rev().copied().collect();
    let mut piece = vec![0; PIECE + mark.len()];
    let mut kept = read(&mut file, &mut piece[..4])?;
    if piece[..kept] != *b"\x7fELF" {
        return Ok(false);
    }
    loop {
        let more = read(&mut file, &mut piece[kept..])?;
        let seen = &piece[..kept + more];
        if contains(seen, &mark) {
            return Ok(true);
        }
        if more == 0 {
            return Ok(false);
        }
        // The mark may continue in the next piece.
        let (end, tail) = (kept + more, (kept + more).min(mark.len() - 1));
        piece.copy_within(end - tail..end, 0);
        kept = tail;
    }
}

fn read(file: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < to.len() {
        match file.read(&mut to[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn contains(text: &[u8], mark: &[u8]) -> bool {
    let Some((&first, rest)) = mark.split_first() else { return true };
    let mut text = text;
    while let Some(at) = text.iter().position(|byte| *byte == first) {
        text = &text[at + 1..];
        if text.starts_with(rest) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_wherever_it_stands() {
        assert_eq!(MARK.as_slice(), b"nodex: reads its cookie in nodex_cookie 1d7f0c2e9a4d6358");
        for before in [4, 5, PIECE - 60, PIECE - 10, PIECE, PIECE + 50, 3 * PIECE + 17] {
            let mut file = b"\x7fELF".to_vec();
            file.resize(before, b'n');
            file.extend_from_slice(&MARK);
            assert!(is_marked(&file[..]).unwrap(), "{before}");
            file.pop();
            assert!(!is_marked(&file[..]).unwrap(), "{before}");
        }
        assert!(!is_marked(&MARK[..]).unwrap(), "no executable");
        assert!(!is_marked(&b"\x7f"[..]).unwrap());
    }
}
