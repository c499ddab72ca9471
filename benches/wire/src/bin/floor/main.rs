//! The floor: what this machine allows a node to do, without handlers, checks or a codec.
//!
//! A blocking loop that knows one message, `{ping, Term}` sent to a registered name: read all there
//! is, find the whole frames, copy the caller's pid and the payload into replies, write once. It
//! takes the four arguments of a node executable and prints the three lines.
//!
//! With `FLOOR_SENDER` in its environment it announces what a nodex node does and names the sender in each reply, and so a
//! BEAM makes a `gen_server:call` of it as it does of a BEAM: it answers these as well.

mod answer;
mod connect;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

use answer::Answers;

const READ_SIZE: usize = 256 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [sname, host, cookie, tname] = arguments.as_slice() else {
        println!("usage: floor <sname> <hostname> <cookie> <tname>");
        return ExitCode::SUCCESS;
    };
    println!("initialising {sname}@{host}\nconnecting to {tname}@{host}");
    let sender = std::env::var_os("FLOOR_SENDER").is_some();
    let flags = if sender { connect::FLAGS_OF_NODEX } else { connect::FLAGS_OF_EI };
    let answers = Answers::new(sender.then(|| format!("{sname}@{host}")));
    let stream = match connect::connect(sname, host, cookie, tname, flags) {
        Ok(stream) => stream,
        Err(error) => {
            eprintln!("{sname}@{host}: cannot connect to {tname}@{host}: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{sname}@{host} ready");
    match serve(stream, &answers) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            eprintln!("{sname}@{host}: {error}");
            ExitCode::FAILURE
        }
        // The peer is gone, by whatever error it shows.
        Err(_) => ExitCode::SUCCESS,
    }
}

fn serve(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
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
            answers.answer(frame, &mut output)?;
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
