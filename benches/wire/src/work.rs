//! What the generator does to a node: one message at a time, and as many as the node can take.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, send};

use crate::frames::{hello, is_pong, ping};

/// Messages that are sent together.
const BATCH: usize = 100;

/// The size of the big binary.
pub(crate) const MEGABYTE: usize = 1_000_000;

/// Sends a binary of `size` bytes `count` times, each after the answer to the one before. Gives the
/// round-trip times.
pub(crate) fn one_at_a_time(stream: &mut TcpStream, size: usize, count: usize) -> io::Result<Vec<Duration>> {
    let binary = vec![b'h'; size];
    let request = ping(&binary);
    let expected = first_answer(stream, &request, &binary)?;
    let mut answer = vec![0; expected.len()];
    (0..count)
        .map(|_| {
            let started = Instant::now();
            stream.write_all(&request)?;
            stream.read_exact(&mut answer)?;
            let took = started.elapsed();
            if answer == expected { Ok(took) } else { Err(wrong_answer()) }
        })
        .collect()
}

/// Keeps `batches` batches of 100 `{ping, <<"hello">>}` in flight for `time`. Gives the number of
/// answers and the time until the last one.
pub(crate) fn saturated(stream: &mut TcpStream, batches: usize, time: Duration) -> io::Result<(u64, Duration)> {
    let window = batches * BATCH;
    let request = hello();
    let expected = first_answer(stream, &request, b"hello")?;
    // All requests are alike, and so are all answers: both streams repeat with one message.
    let requests = request.repeat(window + 1);
    let mut input = vec![0; 256 * 1024];
    let answers = expected.repeat(input.len() / expected.len() + 2);

    let (mut sent, mut got) = (0_usize, 0_usize);
    let started = Instant::now();
    let mut stopping = false;
    loop {
        let answered = got / expected.len();
        if !stopping && started.elapsed() >= time {
            stopping = true;
        }
        if !stopping {
            // Whole batches only. What the socket does not take now waits for the next turn: to
            // block here while the node blocks on its answers would be for ever.
            let allowed = (answered + window) / BATCH * BATCH * request.len();
            if allowed > sent {
                let start = sent % request.len();
                match send(&*stream, &requests[start..start + (allowed - sent)], SendFlags::DONTWAIT) {
                    Ok(bytes) => sent += bytes,
                    Err(rustix::io::Errno::AGAIN) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        } else if sent % request.len() != 0 {
            let rest = request.len() - sent % request.len();
            stream.write_all(&request[request.len() - rest..])?;
            sent += rest;
        }
        if stopping && got == sent / request.len() * expected.len() {
            return Ok(((got / expected.len()) as u64, started.elapsed()));
        }
        let read = stream.read(&mut input)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the node went away"));
        }
        let start = got % expected.len();
        if input[..read] != answers[start..start + read] {
            return Err(wrong_answer());
        }
        got += read;
    }
}

/// One round trip whose answer is looked at closely; all later ones have to be the same bytes.
fn first_answer(stream: &mut TcpStream, request: &[u8], binary: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame)?;
    let length = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    frame.resize(4 + length.min(binary.len() + 4096), 0);
    stream.read_exact(&mut frame[4..])?;
    if is_pong(&frame, binary) { Ok(frame) } else { Err(wrong_answer()) }
}

fn wrong_answer() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the node gave a wrong answer")
}
