//! Messages on schedule, whether or not those before are answered.
//!
//! Who waits for an answer before the next question asks less often while the node is slow, and so leaves out the worst
//! times (coordinated omission). Here each message has its time to be sent, and its latency counts from then on, also
//! if it could only be sent later.

use std::{
    io,
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::round_trips::{first_answer, wrong_answer};
use crate::{
    figures::latency::Latencies,
    generator::{frames::hello, host::PATIENCE},
};

/// How many messages may be sent together when the generator has fallen behind.
const TOGETHER: usize = 1000;

/// Sends `{ping, <<"hello">>}` for `time`, `per_second` of them, evenly. Never sleeps: a wake-up would take longer than
/// what is measured, so the generator wants a core for itself.
pub(crate) fn open_loop(stream: &mut TcpStream, per_second: u64, time: Duration) -> Result<Latencies, String> {
    let mut latencies = Latencies::new()?;
    scheduled(stream, per_second, time, &mut latencies).map_err(|error| error.to_string())?;
    Ok(latencies)
}

fn scheduled(stream: &mut TcpStream, per_second: u64, time: Duration, latencies: &mut Latencies) -> io::Result<()> {
    let request = hello();
    let expected = first_answer(stream, &request, b"hello")?;
    let requests = request.repeat(TOGETHER + 1);
    let mut input = vec![0; 64 * 1024];
    let answers = expected.repeat(input.len() / expected.len() + 2);

    let total = ((per_second as f64 * time.as_secs_f64()) as usize).max(1);
    let interval = Duration::from_secs(1).div_f64(per_second as f64);
    let due_at = |message: usize| interval.mul_f64(message as f64);
    let started = Instant::now();
    let (mut sent, mut got) = (0_usize, 0_usize);
    while got < total * expected.len() {
        let now = started.elapsed();
        if now > time + PATIENCE {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the node does not catch up"));
        }
        let due = ((now.as_secs_f64() * per_second as f64) as usize + 1).min(total) * request.len();
        if due > sent {
            let start = sent % request.len();
            let length = (due - sent).min(TOGETHER * request.len());
            match send(&*stream, &requests[start..start + length], SendFlags::DONTWAIT) {
                Ok(bytes) => sent += bytes,
                Err(rustix::io::Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match recv(&*stream, &mut input[..], RecvFlags::DONTWAIT) {
            Ok((0, _)) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the node went away")),
            Ok((read, _)) => {
                let now = started.elapsed();
                let start = got % expected.len();
                if input[..read] != answers[start..start + read] {
                    return Err(wrong_answer());
                }
                let answered = got / expected.len();
                got += read;
                for message in answered..got / expected.len() {
                    latencies.record(now.saturating_sub(due_at(message)));
                }
            }
            Err(rustix::io::Errno::AGAIN) => std::hint::spin_loop(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
