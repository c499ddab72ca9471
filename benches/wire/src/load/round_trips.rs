//! What the generator does to a node that waits for an answer before the next question.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::generator::frames::{gen_call, hello, is_gen_reply, is_pong, ping, with_header, without_header};

/// The size of the big binary.
pub const MEGABYTE: usize = 1_000_000;

/// Sends a binary of `size` bytes `count` times, each after the answer to the one before. Gives the
/// round-trip times.
///
/// # Errors
/// Returns an error when the connection fails or an answer is wrong.
pub fn one_at_a_time(stream: &mut TcpStream, size: usize, count: usize) -> io::Result<Vec<Duration>> {
    let mut trips = Trips::begin(stream, size)?;
    (0..count).map(|_| trips.next()).collect()
}

/// Returns the same for `time`, and at least three times.
///
/// # Errors
/// Returns an error when the connection fails or an answer is wrong.
pub fn round_trips(stream: &mut TcpStream, size: usize, time: Duration) -> io::Result<Vec<Duration>> {
    let mut trips = Trips::begin(stream, size)?;
    let mut times = Vec::new();
    let started = Instant::now();
    while times.len() < 3 || started.elapsed() < time {
        times.push(trips.next()?);
    }
    Ok(times)
}

/// Round trips of one message.
struct Trips<'a> {
    stream: &'a mut TcpStream,
    request: Vec<u8>,
    expected: Vec<u8>,
    answer: Vec<u8>,
}

impl<'a> Trips<'a> {
    fn begin(stream: &'a mut TcpStream, size: usize) -> io::Result<Self> {
        let binary = vec![b'h'; size];
        let request = ping(&binary);
        let expected = first_answer(stream, &request, &binary)?;
        let answer = vec![0; expected.len()];
        Ok(Self { stream, request, expected, answer })
    }

    fn next(&mut self) -> io::Result<Duration> {
        let started = Instant::now();
        self.stream.write_all(&self.request)?;
        self.stream.read_exact(&mut self.answer)?;
        let took = started.elapsed();
        if self.answer == self.expected { Ok(took) } else { Err(wrong_answer()) }
    }
}

/// How `{ping, <<"hello">>}` is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is, as the C node and `erlang:send` have it.
    Plain,
    /// As `GenServer.call` sends it.
    GenCall,
}

/// Sends `count` times `{ping, <<"hello">>}`, `batch` of them in one write, the next batch when all of one are answered.
///
/// # Errors
/// Returns an error when the connection fails or an answer is wrong.
pub fn in_batches(stream: &mut TcpStream, form: Form, batch: usize, count: usize) -> io::Result<()> {
    send_in_batches(stream, form, batch, count, <[u8]>::to_vec, <[u8]>::to_vec)
}

/// The same over a connection on which fragments were agreed on.
///
/// # Errors
/// When the connection fails or an answer is wrong.
pub fn in_batches_with_header(stream: &mut TcpStream, form: Form, batch: usize, count: usize) -> io::Result<()> {
    send_in_batches(stream, form, batch, count, with_header, without_header)
}

fn send_in_batches(
    stream: &mut TcpStream,
    form: Form,
    batch: usize,
    count: usize,
    to: impl Fn(&[u8]) -> Vec<u8>,
    from: impl Fn(&[u8]) -> Vec<u8>,
) -> io::Result<()> {
    let request = to(&match form {
        Form::Plain => hello(),
        Form::GenCall => gen_call(b"hello"),
    });
    let answer = ask(stream, &request)?;
    let read = from(&answer);
    let right = match form {
        Form::Plain => is_pong(&read, b"hello"),
        Form::GenCall => is_gen_reply(&read, b"hello"),
    };
    if !right {
        return Err(wrong_frame(&answer));
    }
    let expected = answer.repeat(batch);
    let requests = request.repeat(batch);
    let mut answers = vec![0; expected.len()];
    for _ in 0..count / batch {
        stream.write_all(&requests)?;
        stream.read_exact(&mut answers)?;
        if answers != expected {
            return Err(wrong_answer());
        }
    }
    Ok(())
}

/// One round trip whose reply is checked in detail; all later replies must be the same bytes.
pub(crate) fn first_answer(stream: &mut TcpStream, request: &[u8], binary: &[u8]) -> io::Result<Vec<u8>> {
    let frame = ask(stream, request)?;
    if is_pong(&frame, binary) { Ok(frame) } else { Err(wrong_frame(&frame)) }
}

/// One round trip, whatever the answer.
pub(crate) fn ask(stream: &mut TcpStream, request: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(request)?;
    let mut frame = vec![0; 4];
    stream.read_exact(&mut frame)?;
    let length = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    frame.resize(4 + length.min(request.len() + 4096), 0);
    stream.read_exact(&mut frame[4..])?;
    Ok(frame)
}

/// Shows how a wrong answer begins.
pub(crate) fn wrong_frame(frame: &[u8]) -> io::Error {
    let start = frame[..frame.len().min(300)].escape_ascii();
    io::Error::new(io::ErrorKind::InvalidData, format!("the node gave a wrong answer, which begins with {start}"))
}

pub(crate) fn wrong_answer() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the node gave a wrong answer")
}
