//! Reads the name of the module from a `.beam` file: an IFF file of the type `BEAM` whose atom table begins with it
//! (`beam_lib` and `beam_asm` of OTP).

use std::path::Path;

use nodex_core::term::Atom;

/// Returns the name of the module.
pub(super) fn module(binary: &[u8], file: &Path) -> Result<Atom, &'static str> {
    // Compressed as a whole (`erlc +compressed`): the code server demands that the file has the name of its module.
    if binary.starts_with(&[0x1f, 0x8b]) {
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or("it is compressed and its name is no text")?;
        return Atom::new(name).map_err(|_| "its name is too long");
    }
    let (form, rest) = take::<4>(binary)?;
    let (length, rest) = take::<4>(rest)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if &form != b"FOR1" {
        return Err("it does not begin with FOR1");
    }
    if rest.len() < length {
        return Err("it is cut off");
    }
    let (kind, mut chunks) = take::<4>(rest)?;
    if &kind != b"BEAM" {
        return Err("it is of another kind than BEAM");
    }
    while !chunks.is_empty() {
        let (name, rest) = take::<4>(chunks)?;
        let (size, rest) = take::<4>(rest)?;
        let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
        let chunk = rest.get(..size).ok_or(CUT_OFF)?;
        match &name {
            b"AtU8" => return std::str::from_utf8(first(chunk)?).ok().and_then(atom).ok_or(NO_NAME),
            b"Atom" => {
                let name: String = first(chunk)?.iter().map(|byte| char::from(*byte)).collect();
                return atom(&name).ok_or(NO_NAME);
            }
            // Chunks begin at multiples of four bytes.
            _ => chunks = rest.get(size.next_multiple_of(4)..).unwrap_or_default(),
        }
    }
    Err("it has no atoms")
}

const CUT_OFF: &str = "it is cut off";
const NO_NAME: &str = "the name of its module is no atom";

fn atom(name: &str) -> Option<Atom> {
    Atom::new(name).ok()
}

fn take<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), &'static str> {
    bytes.split_first_chunk().map(|(first, rest)| (*first, rest)).ok_or(CUT_OFF)
}

/// Returns the first atom of an atom table: `Count:32 {Length Name}..`. OTP 28 and later write the count as a negative
/// number, and lengths as `beam_asm` writes operands.
fn first(chunk: &[u8]) -> Result<&[u8], &'static str> {
    let (count, rest) = take::<4>(chunk)?;
    let (length, rest) = match (i32::from_be_bytes(count), rest) {
        (0, _) => return Err("it has no atoms"),
        (1.., [length, rest @ ..]) => (usize::from(*length), rest),
        // Four bits of a length, or eleven bits in two bytes.
        (..0, [byte, rest @ ..]) if byte & 0b1000 == 0 => (usize::from(byte >> 4), rest),
        (..0, [high, low, rest @ ..]) if high & 0b1_0000 == 0 => {
            (usize::from(high >> 5) << 8 | usize::from(*low), rest)
        }
        _ => return Err(NO_NAME),
    };
    rest.get(..length).ok_or(CUT_OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &[u8; 4], chunk: &[u8]) -> Vec<u8> {
        let size = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
        let padded = [chunk, &[0; 3]].concat()[..chunk.len().next_multiple_of(4)].to_vec();
        let chunks = [b"BEAM", &b"Docs"[..], &size(1), b"xyyy", name, &size(chunk.len()), &padded].concat();
        [b"FOR1", &size(chunks.len())[..], &chunks].concat()
    }

    fn name(binary: &[u8]) -> Result<String, &'static str> {
        module(binary, Path::new("/x/packed.beam")).map(|atom| atom.to_string())
    }

    #[test]
    fn tables_of_atoms() {
        assert_eq!(name(&file(b"AtU8", b"\0\0\0\x02\x05hello\x01x")).unwrap(), "hello");
        assert_eq!(name(&file(b"AtU8", "\0\0\0\x01\x02é".as_bytes())).unwrap(), "é");
        assert_eq!(name(&file(b"Atom", b"\0\0\0\x01\x01\xe9")).unwrap(), "é");
        // The two ways of lengths since OTP 28: `erlc` of OTP 29 wrote both.
        assert_eq!(name(&file(b"AtU8", b"\xff\xff\xff\xfe\x50hello\x10x")).unwrap(), "hello");
        let long = "long".repeat(60);
        let table = [b"\xff\xff\xff\xff\x08\xf0", long.as_bytes()].concat();
        assert_eq!(name(&file(b"AtU8", &table)).unwrap(), long);
        assert_eq!(name(b"\x1f\x8b\x08anything").unwrap(), "packed");
    }

    #[test]
    fn what_is_no_module() {
        let whole = file(b"AtU8", b"\0\0\0\x01\x05hello");
        for cut in 0..whole.len() - 3 {
            assert!(name(&whole[..cut]).is_err(), "{cut}");
        }
        let broken: [&[u8]; 7] = [
            b"\0\0\0\0",
            b"\0\0\0\x01\x09hello",
            b"\xff\xff\xff\xff\x18hello",
            b"\xff\xff\xff\xff\x08",
            b"\0\0\0\x01\x01\xff",
            b"\0\0",
            b"",
        ];
        for chunk in broken {
            assert!(name(&file(b"AtU8", chunk)).is_err(), "{chunk:?}");
        }
        assert!(name(&file(b"Nope", b"x")).is_err());
        assert!(name(b"#!/bin/sh\n").is_err());
    }
}
