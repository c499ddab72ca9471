//! The floor: what this machine allows a node to do, without handlers, checks or a codec.
//!
//! A blocking loop that knows one message, `{ping, Term}` sent to a registered name: read all there
//! is, find the whole frames, copy the caller's pid and the payload into replies, write once. It
//! takes the four arguments of a node executable and prints the three lines.

mod connect;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

const READ_SIZE: usize = 256 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sname, host, cookie, tname] = arguments.as_slice() else {
        println!("usage: floor <sname> <hostname> <cookie> <tname>");
        return ExitCode::SUCCESS;
    };
    println!("initialising {sname}@{host}\nconnecting to {tname}@{host}");
    let stream = match connect::connect(sname, host, cookie, tname) {
        Ok(stream) => stream,
        Err(error) => {
            eprintln!("{sname}@{host}: cannot connect to {tname}@{host}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{sname}@{host} ready");
    match serve(stream) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            eprintln!("{sname}@{host}: {error}");
            ExitCode::FAILURE
        }
        // The peer is gone, by whatever error it shows.
        Err(_) => ExitCode::SUCCESS,
    }
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut input = vec![0; READ_SIZE];
    let mut filled = 0;
    let mut output = Vec::with_capacity(READ_SIZE);
    loop {
        let read = stream.read(&mut input[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;

        let mut at = 0;
        let mut missing = 0;
        while let Some((length, rest)) = input[at..filled].split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let Some(frame) = rest.get(..length) else {
                missing = length + 4;
                break;
            };
            answer(frame, &mut output)?;
            at += 4 + length;
        }
        stream.write_all(&output)?;
        output.clear();

        input.copy_within(at..filled, 0);
        filled -= at;
        if missing > input.len() {
            input.resize(missing, 0);
        }
    }
}

/// `{6, From, '', Name}, {ping, Term}` is answered by `{2, '', From}, {pong, Term}`, a tick by a
/// tick.
fn answer(frame: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    if frame.is_empty() {
        output.extend([0; 4]);
        return Ok(());
    }
    let unknown = || io::Error::new(io::ErrorKind::InvalidData, "the floor knows {ping, T} only");
    let rest = frame.strip_prefix(&[112, 131, 104, 4, 97, 6, 88]).ok_or_else(unknown)?;
    // NEW_PID_EXT: node, id, serial, creation. Then the unused atom and the name.
    let from = rest.get(..atom_length(rest).ok_or_else(unknown)? + 12).ok_or_else(unknown)?;
    let rest = &rest[from.len()..];
    let rest = rest.get(atom_length(rest).ok_or_else(unknown)?..).ok_or_else(unknown)?;
    let rest = rest.get(atom_length(rest).ok_or_else(unknown)?..).ok_or_else(unknown)?;
    let term = rest.strip_prefix(b"\x83\x68\x02\x77\x04ping").ok_or_else(unknown)?;

    let control = [112, 131, 104, 3, 97, 2, 119, 0, 88];
    let payload = b"\x83\x68\x02\x77\x04pong";
    let length = control.len() + from.len() + payload.len() + term.len();
    output.reserve(4 + length);
    output.extend((length as u32).to_be_bytes());
    output.extend(control);
    output.extend(from);
    output.extend(payload);
    output.extend(term);
    Ok(())
}

/// Returns the size of the atom that `bytes` starts with: SMALL_ATOM_UTF8_EXT or ATOM_UTF8_EXT.
fn atom_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [119, length, ..] => Some(2 + usize::from(*length)),
        [118, high, low, ..] => Some(3 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}
