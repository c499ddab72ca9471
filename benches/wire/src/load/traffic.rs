//! Requests that repeat after some thousands, and the replies of a node to them.

use std::{collections::HashMap, io, net::TcpStream};

use nodex_core::{
    convert::{binary_to_term, term_to_binary},
    term::Term,
    text::{Syntax, parse},
};

use super::round_trips::{ask, first_answer, wrong_frame};
use crate::generator::frames::{answer, hello, message};

/// The number of messages before the sequence repeats: so many that neither cache nor branch predictor can learn it.
const CYCLE: usize = 16_384;

/// Processes that send.
const SENDERS: u64 = 64;

/// The number of the first one.
const FIRST_SENDER: u32 = 1000;

/// How much is compared at once.
pub(crate) const INPUT: usize = 256 * 1024;

/// A message and its answer, in Erlang; a message without answer is one that `pong` tells in place of `ping`.
pub(crate) type Kind = (&'static str, Option<&'static str>);

/// The registered names of mixed messages.
pub(crate) const NAMES: [&str; 2] = ["nil", "another_name"];

/// `{ping, Term}` with many kinds of terms.
pub(crate) const PINGS: [Kind; 16] = [
    ("{ping, <<\"hello\">>}", None),
    ("{ping, ok}", None),
    ("{ping, 7}", None),
    ("{ping, -123456789}", None),
    ("{ping, 36893488147419103232}", None),
    ("{ping, 3.25}", None),
    ("{ping, []}", None),
    ("{ping, \"some text\"}", None),
    ("{ping, [1, 1000, 70000]}", None),
    ("{ping, {ok, true}}", None),
    ("{ping, {user, 42, <<\"Ada Lovelace\">>, [admin, staff], undefined}}", None),
    // Maps have one key: the crate eetf writes several in another order each time.
    ("{ping, #{user => {17, <<\"x\">>, [a, b]}}}", None),
    ("{ping, [{host, <<\"localhost\">>}, {port, 4369}, {tls, false}]}", None),
    ("{ping, [<<\"one\">>, <<\"two\">>, <<\"three\">> | rest]}", None),
    ("{ping, {reply, {ok, [#{x => 1.5}, #{x => 2.5}]}, {{2026, 1, 31}, {12, 0, 0}}}}", None),
    (
        "{ping, <<\"As a binary of some more bytes than fit into one or two cache lines, so that not all that is copied \
         is short: it is what a log line or a small document takes.\">>}",
        None,
    ),
];

/// What `src/bin/bench_node.rs` can do, with typed arguments of many kinds.
pub(crate) const FUNCTIONS: [Kind; 10] = [
    ("{ping, <<\"hello\">>}", None),
    ("{ping, #{id => 17, name => <<\"x\">>, tags => [a, b]}}", None),
    ("{add, 40, 2}", Some("42")),
    ("{add, -5000000000, 1}", Some("-4999999999")),
    ("{total, [1.5, 2.25, 4.0]}", Some("7.75")),
    ("{greet, <<\"Ada\">>}", Some("{hello, <<\"Ada\">>}")),
    ("{flip, true, left}", Some("{false, left}")),
    ("{area, #{width => 6, height => 7}}", Some("42")),
    ("{lengths, [<<\"a\">>, <<\"bc\">>, <<>>, <<\"def\">>]}", Some("[1, 2, 0, 3]")),
    ("{swap, {1, <<\"one\">>}}", Some("{<<\"one\">>, 1}")),
];

/// One cycle of requests and answers.
pub(crate) struct Traffic {
    pub(crate) requests: Cycle,
    pub(crate) answers: Cycle,
    /// Who sends each message, by number from 0.
    pub(crate) senders: Vec<usize>,
}

impl Traffic {
    /// `{ping, <<"hello">>}` from one process to one name.
    pub(crate) fn alike(stream: &mut TcpStream) -> io::Result<Traffic> {
        let request = hello();
        let answer = first_answer(stream, &request, b"hello")?;
        let requests = Cycle::new(CYCLE, |_| &request);
        Ok(Traffic { requests, answers: Cycle::new(CYCLE, |_| &answer), senders: vec![0; CYCLE] })
    }

    /// Returns all these kinds from 64 processes to two names, in an order that is random and always the same one.
    ///
    /// Each kind is sent once by each process before, and its answer looked at. A process sends to one name only: no node
    /// promises an order between the answers of two of its own processes.
    pub(crate) fn mixed(stream: &mut TcpStream, kinds: &[Kind]) -> io::Result<Traffic> {
        let mut known: HashMap<(usize, usize), [Vec<u8>; 2]> = HashMap::new();
        for (number, kind) in kinds.iter().enumerate() {
            let (request, expected) = terms(kind)?;
            for sender in 0..SENDERS as usize {
                let caller = FIRST_SENDER + sender as u32;
                let frame = message(NAMES[sender % 2], caller, &request);
                let answered = ask(stream, &frame).map_err(|error| no_answer(&error, kind.0, NAMES[sender % 2]))?;
                match answer(&answered) {
                    Some((to, term)) if to == caller && read(term)? == expected => {}
                    _ => return Err(wrong_frame(&answered)),
                }
                known.insert((sender, number), [frame, answered]);
            }
        }
        let mut random = Random(2026);
        let order: Vec<(usize, usize)> =
            (0..CYCLE).map(|_| (random.below(SENDERS), random.below(kinds.len() as u64))).collect();
        let frames = |side: usize| Cycle::new(CYCLE, |place| &known[&order[place]][side]);
        Ok(Traffic {
            requests: frames(0),
            answers: frames(1),
            senders: order.iter().map(|(sender, _)| *sender).collect(),
        })
    }

    /// Which sender is meant by the pid of an answer.
    pub(crate) fn sender(caller: u32) -> Option<usize> {
        caller.checked_sub(FIRST_SENDER).map(|sender| sender as usize).filter(|sender| *sender < SENDERS as usize)
    }
}

/// Returns the message, encoded without its version byte, and the answer.
fn terms((request, answer): &Kind) -> io::Result<(Vec<u8>, Term)> {
    let expected = answer.map_or_else(|| request.replacen("ping", "pong", 1), str::to_owned);
    let term = |text: &str| parse(text, Syntax::Erlang).map_err(|error| io::Error::other(format!("{text}: {error}")));
    let mut bytes = term_to_binary(&term(request)?).map_err(|error| io::Error::other(error.to_string()))?;
    bytes.remove(0);
    Ok((bytes, term(&expected)?))
}

fn read(term: &[u8]) -> io::Result<Term> {
    binary_to_term(term).map_err(|error| io::Error::other(format!("the answer is no term: {error}")))
}

fn no_answer(error: &io::Error, request: &str, name: &str) -> io::Error {
    io::Error::new(error.kind(), format!("no answer to {request}, sent to the name {name}: {error}"))
}

/// Frames that come again and again, one behind the other.
pub(crate) struct Cycle {
    /// Those of one cycle, and so many of the next one that as much can be taken from every place of the first.
    bytes: Vec<u8>,
    /// Where each begins, and the end of the cycle.
    starts: Vec<usize>,
}

impl Cycle {
    pub(crate) fn new<'a>(count: usize, frame: impl Fn(usize) -> &'a Vec<u8>) -> Cycle {
        let (mut bytes, mut starts) = (Vec::new(), vec![0]);
        for place in 0..count {
            bytes.extend(frame(place));
            starts.push(bytes.len());
        }
        let total = bytes.len();
        while bytes.len() < total + 4 * INPUT {
            bytes.extend_from_within(..total.min(4 * INPUT));
        }
        Cycle { bytes, starts }
    }

    pub(crate) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn total(&self) -> usize {
        self.starts[self.count()]
    }

    /// Where the message begins, counted from the first byte of the first cycle.
    pub(crate) fn start(&self, message: usize) -> usize {
        message / self.count() * self.total() + self.starts[message % self.count()]
    }

    /// Returns the messages that end within so many bytes.
    pub(crate) fn whole(&self, bytes: usize) -> usize {
        let (cycles, rest) = (bytes / self.total(), bytes % self.total());
        cycles * self.count() + self.starts.partition_point(|start| *start <= rest) - 1
    }

    /// Returns the bytes from this one on, no more than four times [`INPUT`].
    pub(crate) fn slice(&self, from: usize, length: usize) -> &[u8] {
        let from = from % self.total();
        &self.bytes[from..from + length.min(4 * INPUT)]
    }

    /// Those of one message.
    pub(crate) fn frame(&self, message: usize) -> &[u8] {
        let place = message % self.count();
        &self.bytes[self.starts[place]..self.starts[place + 1]]
    }
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % end) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_goes_on_from_the_beginning() {
        let frames = [b"ab".to_vec(), b"cde".to_vec()];
        let cycle = Cycle::new(2, |place| &frames[place]);
        assert_eq!((cycle.start(0), cycle.start(1), cycle.start(5)), (0, 2, 12));
        assert_eq!([0, 1, 2, 4, 5, 6, 12].map(|bytes| cycle.whole(bytes)), [0, 0, 1, 1, 2, 2, 5]);
        assert_eq!((cycle.slice(8, 6), cycle.frame(3)), (&b"deabcd"[..], &b"cde"[..]));
        assert_eq!(cycle.slice(4, 4 * INPUT).len(), 4 * INPUT);
    }

    #[test]
    fn the_order_is_random_and_the_same_one() {
        let numbers = |mut random: Random| (0..640).map(|_| random.below(64)).collect::<Vec<_>>();
        let all = numbers(Random(2026));
        assert_eq!(all, numbers(Random(2026)));
        assert!((0..64).all(|number| all.contains(&number)));
        assert_ne!(all[..320], all[320..]);
    }

    #[test]
    fn every_kind_is_a_term_of_its_own() {
        for kinds in [&PINGS[..], &FUNCTIONS] {
            let requests: Vec<_> = kinds.iter().map(|kind| terms(kind).expect("terms").0).collect();
            assert!((1..requests.len()).all(|place| !requests[..place].contains(&requests[place])));
        }
    }
}
