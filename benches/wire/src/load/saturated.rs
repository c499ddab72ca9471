//! As many messages as a node can take.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use rustix::net::{SendFlags, send};

use super::{
    round_trips::{wrong_answer, wrong_frame},
    traffic::{INPUT, Traffic},
};
use crate::generator::frames::answer;

/// Messages that are sent together.
const BATCH: usize = 100;

/// Messages in flight: enough that neither side ever waits for the other to wake.
pub(crate) const WINDOW: usize = 64 * BATCH;

/// Keeps [`WINDOW`] messages in flight for `time`. Gives the number of answers and the time until the last one.
pub(crate) fn saturated(stream: &mut TcpStream, traffic: &Traffic, time: Duration) -> io::Result<(u64, Duration)> {
    let requests = &traffic.requests;
    let mut answers = Answers::new(traffic);
    let mut input = vec![0; INPUT];
    let mut sent = 0;
    let started = Instant::now();
    let mut stopping = false;
    loop {
        if !stopping && started.elapsed() >= time {
            stopping = true;
        }
        if !stopping {
            // Whole batches only. What the socket does not take now waits for the next turn: to
            // block here while the node blocks on its answers would be for ever.
            let allowed = requests.start((answers.count + WINDOW) / BATCH * BATCH);
            if allowed > sent {
                match send(&*stream, requests.slice(sent, allowed - sent), SendFlags::DONTWAIT) {
                    Ok(bytes) => sent += bytes,
                    Err(rustix::io::Errno::AGAIN) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if stopping {
            // What is missing of the last one.
            let whole = requests.whole(sent);
            let messages = whole + usize::from(requests.start(whole) < sent);
            let rest = requests.start(messages) - sent;
            stream.write_all(requests.slice(sent, rest))?;
            sent += rest;
            if answers.count == messages {
                return Ok((messages as u64, started.elapsed()));
            }
        }
        let read = stream.read(&mut input)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the node went away"));
        }
        answers.take(&input[..read])?;
    }
}

/// Compares all that arrives with the answers that are due.
struct Answers<'a> {
    traffic: &'a Traffic,
    /// Bytes.
    got: usize,
    /// Whole answers.
    count: usize,
    /// Since the answers are not in the order of the messages any more.
    apart: Option<Apart<'a>>,
}

impl<'a> Answers<'a> {
    fn new(traffic: &'a Traffic) -> Answers<'a> {
        Answers { traffic, got: 0, count: 0, apart: None }
    }

    fn take(&mut self, input: &[u8]) -> io::Result<()> {
        let answers = &self.traffic.answers;
        if self.apart.is_none() {
            if input == answers.slice(self.got, input.len()) {
                self.got += input.len();
                self.count = answers.whole(self.got);
                return Ok(());
            }
            let begun = self.got - answers.start(self.count);
            self.apart = Some(Apart::new(self.traffic, self.count, &answers.frame(self.count)[..begun]));
        }
        self.count += self.apart.as_mut().map_or(Ok(0), |apart| apart.take(input))?;
        Ok(())
    }
}

/// Answers of several processes of a node, each in the order of the messages to it.
struct Apart<'a> {
    traffic: &'a Traffic,
    /// A frame whose end has not arrived.
    begun: Vec<u8>,
    /// The messages of each sender in a cycle, and how many have been answered.
    senders: Vec<(Vec<usize>, usize)>,
}

impl<'a> Apart<'a> {
    /// After `count` answers in order, and the beginning of one more.
    fn new(traffic: &'a Traffic, count: usize, begun: &[u8]) -> Apart<'a> {
        let mut senders = vec![(Vec::new(), 0); traffic.senders.iter().max().map_or(0, |most| most + 1)];
        let (cycles, rest) = (count / traffic.answers.count(), count % traffic.answers.count());
        for (place, sender) in traffic.senders.iter().enumerate() {
            let (messages, answered) = &mut senders[*sender];
            messages.push(place);
            *answered += cycles + usize::from(place < rest);
        }
        Apart { traffic, begun: begun.to_vec(), senders }
    }

    /// Returns how many answers have come to their end.
    fn take(&mut self, input: &[u8]) -> io::Result<usize> {
        self.begun.extend(input);
        let (mut count, mut at) = (0, 0);
        while let Some((length, rest)) = self.begun[at..].split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if rest.len() < length {
                break;
            }
            let frame = &self.begun[at..at + 4 + length];
            let sender = answer(frame).and_then(|(caller, _)| Traffic::sender(caller));
            let (messages, answered) =
                sender.and_then(|sender| self.senders.get_mut(sender)).ok_or_else(|| wrong_frame(frame))?;
            if messages.is_empty() || frame != self.traffic.answers.frame(messages[*answered % messages.len()]) {
                return Err(wrong_answer());
            }
            *answered += 1;
            count += 1;
            at += frame.len();
        }
        self.begun.drain(..at);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{generator::frames::pong, load::traffic::Cycle};

    /// Three messages of two senders, whose answers name them.
    fn traffic() -> Traffic {
        let frames = [pong(1000, b"a"), pong(1001, b"bc"), pong(1000, b"d")];
        let cycle = || Cycle::new(3, |place| &frames[place]);
        Traffic { requests: cycle(), answers: cycle(), senders: vec![0, 1, 0] }
    }

    fn count(order: &[usize], cut: usize) -> io::Result<usize> {
        let traffic = traffic();
        let bytes: Vec<u8> = order.iter().flat_map(|message| traffic.answers.frame(*message).to_vec()).collect();
        let mut answers = Answers::new(&traffic);
        bytes.chunks(cut).try_for_each(|part| answers.take(part))?;
        Ok(answers.count)
    }

    #[test]
    fn answers_may_pass_those_to_other_senders_only() {
        for cut in [1, 7, 50, 1000] {
            assert_eq!(count(&[0, 1, 2, 3, 4, 5, 6], cut).expect("in order"), 7);
            assert_eq!(count(&[0, 1, 2, 3, 5, 4, 6, 8, 7], cut).expect("each sender's in order"), 9);
            assert_eq!(count(&[1, 0, 2, 4, 3], cut).expect("each sender's in order"), 5);
            assert!(count(&[2, 1, 0], cut).is_err() && count(&[0, 1, 3], cut).is_err());
        }
    }
}
