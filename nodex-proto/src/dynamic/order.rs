//! The order of terms.

use std::cmp::Ordering;

use super::{children::Children, parts, view::TermRef};
use crate::etf::{Integer, tag};

/// How numbers compare.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    /// As among the keys of a map: each integer is less than each float.
    Exact,
    /// By their value.
    ByValue,
}

/// What is still to be compared of two terms of one shape.
struct Frame<'a, 'b> {
    a: Children<'a>,
    b: Children<'b>,
    numbers: Numbers,
    last: Last<'a, 'b>,
}

/// What decides when all that stands side by side is equal.
enum Last<'a, 'b> {
    Order(Ordering),
    Terms(TermRef<'a>, TermRef<'b>),
}

// Made and taken apart at once.
#[allow(clippy::large_enum_variant)]
enum Step<'a, 'b> {
    Order(Ordering),
    /// The parts decide; of a map the keys, and then the values.
    Parts(Frame<'a, 'b>, Option<Frame<'a, 'b>>),
}

const EQUAL: Ordering = Ordering::Equal;
const NIL: u8 = 9;
const LIST: u8 = 10;

/// Returns the place of a type among all others.
pub(crate) fn rank_of_tag(tag: u8) -> u8 {
    match tag {
        tag::SMALL_INTEGER_EXT | tag::INTEGER_EXT | tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => 0,
        tag::NEW_FLOAT_EXT => 1,
        tag::SMALL_ATOM_UTF8_EXT | tag::ATOM_UTF8_EXT => 2,
        tag::NEWER_REFERENCE_EXT => 3,
        tag::EXPORT_EXT | tag::NEW_FUN_EXT => 4,
        tag::NEW_PORT_EXT | tag::V4_PORT_EXT => 5,
        tag::NEW_PID_EXT => 6,
        tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => 7,
        tag::MAP_EXT => 8,
        tag::NIL_EXT => NIL,
        tag::STRING_EXT | tag::LIST_EXT => LIST,
        _ => 11,
    }
}

/// Returns how two terms are ordered as keys of a map.
#[inline]
pub(crate) fn order_of_keys(a: TermRef<'_>, b: TermRef<'_>) -> Ordering {
    order(a, b, Numbers::Exact)
}

impl TermRef<'_> {
    /// Compares two terms as Erlang's `<` and `==` do: number < atom < reference < fun < port < pid < tuple < map <
    /// `[]` < list < bit string, and numbers by value, so that `1` equals `1.0`.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use nodex_proto::term;
    /// let compare = |a: &term::Term, b: &term::Term| a.as_ref().compare(b.as_ref());
    /// assert_eq!(compare(&term!(1), &term!(1.0)), Ordering::Equal);
    /// assert_eq!(compare(&term!([1, 2]), &term!(#{})), Ordering::Greater);
    /// // `Ord` and `==` are those of map keys: `=:=`, and integers before floats.
    /// assert!(term!(1) != term!(1.0) && term!(2) < term!(1.0));
    /// ```
    ///
    /// The order of two funs, and of two pids of different nodes, can differ from that of a BEAM, as it does between
    /// BEAMs.
    pub fn compare(self, other: TermRef<'_>) -> Ordering {
        order(self, other, Numbers::ByValue)
    }
}

fn order(a: TermRef<'_>, b: TermRef<'_>, numbers: Numbers) -> Ordering {
    let mut frames = match step(a, b, numbers) {
        Step::Order(order) => return order,
        Step::Parts(frame, None) => vec![frame],
        Step::Parts(keys, Some(values)) => vec![values, keys],
    };
    while let Some(frame) = frames.last_mut() {
        let numbers = frame.numbers;
        let step = match (frame.a.next(), frame.b.next()) {
            (Some(a), Some(b)) => step(a, b, numbers),
            _ => match std::mem::replace(&mut frame.last, Last::Order(EQUAL)) {
                Last::Terms(a, b) => step(a, b, numbers),
                Last::Order(EQUAL) => {
                    frames.pop();
                    continue;
                }
                Last::Order(order) => return order,
            },
        };
        match step {
            Step::Order(EQUAL) => {}
            Step::Order(order) => return order,
            Step::Parts(frame, then) => {
                frames.extend(then);
                frames.push(frame);
            }
        }
    }
    EQUAL
}

/// Two terms, as far as can be said without their parts.
fn step<'a, 'b>(a: TermRef<'a>, b: TermRef<'b>, numbers: Numbers) -> Step<'a, 'b> {
    #[cfg(test)]
    tests::STEPS.with(|steps| steps.set(steps.get() + 1));
    if a.tag() == tag::SMALL_ATOM_UTF8_EXT && b.tag() == tag::SMALL_ATOM_UTF8_EXT {
        return Step::Order(a.atom_bytes().cmp(&b.atom_bytes()));
    }
    // One and the same.
    if std::ptr::eq(a.bytes, b.bytes) && a.position == b.position {
        return Step::Order(EQUAL);
    }
    let (rank_a, rank_b) = (rank_of_tag(a.tag()), rank_of_tag(b.tag()));
    if numbers == Numbers::ByValue && rank_a <= 1 && rank_b <= 1 {
        return Step::Order(by_value(a, b));
    }
    if rank_a != rank_b {
        return Step::Order(rank_a.cmp(&rank_b));
    }
    match rank_a {
        7 => tuples(a, b, numbers),
        8 => maps(a, b, numbers),
        LIST => lists(a, b, numbers),
        4 => funs(a, b, numbers),
        _ => Step::Order(leaves(a, b, rank_a)),
    }
}

fn tuples<'a, 'b>(a: TermRef<'a>, b: TermRef<'b>, numbers: Numbers) -> Step<'a, 'b> {
    let (Some(a), Some(b)) = (a.as_tuple(), b.as_tuple()) else { return Step::Order(EQUAL) };
    match a.len().cmp(&b.len()) {
        EQUAL => Step::Parts(Frame { a: a.iter(), b: b.iter(), numbers, last: Last::Order(EQUAL) }, None),
        order => Step::Order(order),
    }
}

fn maps<'a, 'b>(a: TermRef<'a>, b: TermRef<'b>, numbers: Numbers) -> Step<'a, 'b> {
    let (Some(a), Some(b)) = (a.as_map(), b.as_map()) else { return Step::Order(EQUAL) };
    match a.len().cmp(&b.len()) {
        EQUAL => {
            let last = || Last::Order(EQUAL);
            let keys = Frame { a: a.keys(), b: b.keys(), numbers: Numbers::Exact, last: last() };
            Step::Parts(keys, Some(Frame { a: a.values(), b: b.values(), numbers, last: last() }))
        }
        order => Step::Order(order),
    }
}

fn lists<'a, 'b>(a: TermRef<'a>, b: TermRef<'b>, numbers: Numbers) -> Step<'a, 'b> {
    fn whole(list: TermRef<'_>) -> Option<(Children<'_>, Option<TermRef<'_>>)> {
        match list.as_list() {
            Some(list) => Some((list.iter(), None)),
            None => parts::elements_and_tail(list).map(|(elements, tail)| (elements, Some(tail))),
        }
    }
    if let (Some(a), Some(b)) = (a.as_list().and_then(|a| a.as_bytes()), b.as_list().and_then(|b| b.as_bytes())) {
        return Step::Order(a.cmp(b));
    }
    let (Some((a, tail_a)), Some((b, tail_b))) = (whole(a), whole(b)) else { return Step::Order(EQUAL) };
    let rank = |tail: Option<TermRef<'_>>, numbers| match tail {
        None => NIL,
        // Integers and floats are distinguished only if both tails are numbers.
        Some(tail) if numbers == Numbers::ByValue => rank_of_tag(tail.tag()).max(1),
        Some(tail) => rank_of_tag(tail.tag()),
    };
    let last = match a.len().cmp(&b.len()) {
        // What is left of the other one is a list.
        Ordering::Less => Last::Order(rank(tail_a, numbers).cmp(&LIST)),
        Ordering::Greater => Last::Order(LIST.cmp(&rank(tail_b, numbers))),
        EQUAL => match (tail_a, tail_b) {
            (Some(a), Some(b)) => Last::Terms(a, b),
            _ => Last::Order(rank(tail_a, numbers).cmp(&rank(tail_b, numbers))),
        },
    };
    Step::Parts(Frame { a, b, numbers, last }, None)
}

fn funs<'a, 'b>(a: TermRef<'a>, b: TermRef<'b>, numbers: Numbers) -> Step<'a, 'b> {
    let (fun_a, fun_b) = match (a.as_fun(), b.as_fun()) {
        (Some(a), Some(b)) => (a, b),
        // A function of a module comes behind.
        (a, b) if a.is_some() != b.is_some() => return Step::Order(b.is_some().cmp(&a.is_some())),
        _ => {
            let key = |fun| super::ExternalFun::of(fun).map(|fun| (fun.module, fun.function, fun.arity));
            return Step::Order(key(a).cmp(&key(b)));
        }
    };
    let (free_a, free_b) = (fun_a.free_variables(), fun_b.free_variables());
    let order = (fun_a.module, fun_a.old_index, fun_a.old_uniq)
        .cmp(&(fun_b.module, fun_b.old_index, fun_b.old_uniq))
        .then_with(|| (fun_a.index, fun_a.uniq, fun_a.arity).cmp(&(fun_b.index, fun_b.uniq, fun_b.arity)))
        .then_with(|| free_a.len().cmp(&free_b.len()))
        .then_with(|| pids(&fun_a.pid, &fun_b.pid));
    match order {
        EQUAL => Step::Parts(Frame { a: free_a, b: free_b, numbers, last: Last::Order(EQUAL) }, None),
        order => Step::Order(order),
    }
}

fn pids(a: &crate::term::Pid, b: &crate::term::Pid) -> Ordering {
    (a.serial, a.id, &a.node, a.creation).cmp(&(b.serial, b.id, &b.node, b.creation))
}

/// Two terms of one type that contain no others.
fn leaves(a: TermRef<'_>, b: TermRef<'_>, rank: u8) -> Ordering {
    match rank {
        0 => match (a.as_integer(), b.as_integer()) {
            (Some(a), Some(b)) => parts::order_of_integers(a, b),
            _ => EQUAL,
        },
        1 => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => order_of_floats(a, b),
            _ => EQUAL,
        },
        2 => a.atom_bytes().cmp(&b.atom_bytes()),
        3 => match (a.as_reference(), b.as_reference()) {
            (Some(a), Some(b)) => (&a.node, a.creation, a.words().len())
                .cmp(&(&b.node, b.creation, b.words().len()))
                .then_with(|| a.words().iter().rev().cmp(b.words().iter().rev())),
            _ => EQUAL,
        },
        5 => match (a.as_port(), b.as_port()) {
            (Some(a), Some(b)) => (&a.node, a.creation, a.id).cmp(&(&b.node, b.creation, b.id)),
            _ => EQUAL,
        },
        6 => match (a.as_pid(), b.as_pid()) {
            (Some(a), Some(b)) => pids(&a, &b),
            _ => EQUAL,
        },
        NIL => EQUAL,
        _ => match (a.as_binary(), b.as_binary()) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => order_of_bits(a, b),
        },
    }
}

fn order_of_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.total_cmp(&b))
}

fn by_value(a: TermRef<'_>, b: TermRef<'_>) -> Ordering {
    match (a.as_integer(), b.as_integer(), a.as_f64(), b.as_f64()) {
        (Some(a), Some(b), ..) => parts::order_of_integers(a, b),
        (_, _, Some(a), Some(b)) => order_of_floats(a, b),
        (Some(a), _, _, Some(b)) => integer_and_float(a, b),
        (_, Some(b), Some(a), _) => integer_and_float(b, a).reverse(),
        _ => EQUAL,
    }
}

/// Returns an integer beside a float, exactly.
fn integer_and_float(integer: Integer<'_>, float: f64) -> Ordering {
    if float.is_nan() {
        return Ordering::Less;
    }
    let whole = float.trunc();
    // Beyond that every float is an integer of a length that tells.
    let order = if whole.abs() < 9.0e18 {
        match integer {
            Integer::Small(integer) => integer.cmp(&(whole as i64)),
            Integer::Big { negative, .. } => negative.cmp(&false).reverse().then(Ordering::Greater),
        }
    } else {
        let bits = whole.abs().to_bits();
        let (mantissa, shift) = (bits & ((1 << 52) - 1) | 1 << 52, (bits >> 52 & 0x7FF) as usize - 1075);
        let mut digits = vec![0; shift / 8];
        digits.extend((u128::from(mantissa) << (shift % 8)).to_le_bytes());
        let len = digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
        let small = Integer::Big { negative: whole < 0.0, digits: &digits[..len] };
        match integer {
            // What fits 64 bits is compared by its digits too.
            Integer::Small(value) => {
                let bytes = value.unsigned_abs().to_le_bytes();
                let len = bytes.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
                parts::order_of_integers(Integer::Big { negative: value < 0, digits: &bytes[..len] }, small)
            }
            big => parts::order_of_integers(big, small),
        }
    };
    order.then_with(|| 0.0_f64.partial_cmp(&(float - whole)).unwrap_or(EQUAL))
}

/// Bit by bit; of two where one begins with all of the other, the shorter comes first.
fn order_of_bits(a: TermRef<'_>, b: TermRef<'_>) -> Ordering {
    fn split(term: TermRef<'_>) -> (&[u8], u8, u8) {
        match term.as_bit_string() {
            Some((bytes, bits @ 1..=7)) => match bytes.split_last() {
                Some((last, whole)) => (whole, *last, bits),
                None => (bytes, 0, 0),
            },
            Some((bytes, _)) => (bytes, 0, 0),
            None => (&[], 0, 0),
        }
    }
    let ((bytes_a, last_a, bits_a), (bytes_b, last_b, bits_b)) = (split(a), split(b));
    let common = bytes_a.len().min(bytes_b.len());
    bytes_a[..common].cmp(&bytes_b[..common]).then_with(|| {
        // Of the next byte only as many bits count as both have.
        let next = |bytes: &[u8], last, bits| bytes.get(common).map_or((last, bits), |&byte| (byte, 8));
        let ((next_a, has_a), (next_b, has_b)) = (next(bytes_a, last_a, bits_a), next(bytes_b, last_b, bits_b));
        let mask = !(0xFFu8.checked_shr(has_a.min(has_b).into()).unwrap_or(0));
        (next_a & mask).cmp(&(next_b & mask)).then_with(|| (bytes_a.len(), bits_a).cmp(&(bytes_b.len(), bits_b)))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::{
        etf::{Decoder, Encoder},
        term,
        term::Term,
    };

    thread_local! {
        /// The number of compared pairs of terms.
        pub(super) static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    /// What it takes to read a term.
    fn steps(term: &Term) -> usize {
        let mut encoder = Encoder::new();
        encoder.put_term(term).expect("to be sent");
        let bytes = encoder.to_vec();
        STEPS.set(0);
        assert_eq!(Decoder::new(&bytes).term().as_ref().map(Term::as_bytes), Ok(&bytes[..]));
        STEPS.get()
    }

    /// A map with `width` keys at each of so many levels of keys; the last level tells them apart. The greatest key is
    /// written first.
    fn nested_keys(depth: usize, width: i32, last: i32, bytes: &mut Vec<u8>) {
        bytes.extend([116, 0, 0, 0, width as u8]);
        for n in (0..width).rev() {
            if depth == 0 {
                bytes.push(98);
                bytes.extend((n + last + 1000).to_be_bytes());
            } else {
                nested_keys(depth - 1, width, n + last, bytes);
            }
            bytes.push(106);
        }
    }

    #[test]
    fn a_map_is_sorted_once_however_deep_in_keys_it_stands() {
        let sorted = |depth| {
            let mut bytes = Vec::new();
            nested_keys(depth, 8, 0, &mut bytes);
            let term = Decoder::new(&bytes).term().expect("a term");
            steps(&term)
        };
        // Eight times as many terms at every level.
        let steps = [1, 2, 3, 4].map(sorted);
        assert!(steps[0] > 8);
        for (depth, pair) in steps.windows(2).enumerate() {
            assert!(pair[1] < 20 * pair[0], "{steps:?} at {depth}");
        }
    }

    #[test]
    fn long_keys_that_differ_at_the_end_are_read_a_logarithm_of_times() {
        let width = 512;
        let key = |n: usize| term!({(vec![7; 200]), #{a => (n), b => 1}});
        let term = Term::map((0..width).map(|n| (key(n), term!(v))));
        let steps = steps(&term);
        assert!(steps > width && steps < width * 10 * 30, "{steps}");
    }

    #[test]
    fn integers_and_floats_compare_by_their_value() {
        let compare = |a: &Term, b: &Term| a.as_ref().compare(b.as_ref());
        let big = |negative, zeros: usize, last: u8| {
            Term::integer_of_digits(negative, &[&vec![0; zeros][..], &[last]].concat())
        };
        // From the least to the greatest; what stands together is equal.
        let groups = [
            vec![term!((f64::MIN))],
            vec![big(true, 10, 1), term!((-(2.0_f64.powi(80))))],
            vec![term!((i64::MIN)), term!((-(2.0_f64.powi(63))))],
            vec![term!((i64::MIN + 1))],
            vec![term!((-9_007_199_254_740_993_i64))],
            vec![term!((-9_007_199_254_740_992_i64)), term!(-9007199254740992.0)],
            vec![term!(-1.5)],
            vec![term!(-1), term!(-1.0)],
            vec![term!(-0.5)],
            vec![term!(0), term!(0.0), term!((-0.0))],
            vec![term!(0.5)],
            vec![term!(1), term!(1.0)],
            vec![term!(255.5)],
            vec![term!(9_007_199_254_740_992_i64), term!(9007199254740992.0)],
            vec![term!(9_007_199_254_740_993_i64)],
            vec![term!((i64::MAX))],
            vec![big(false, 7, 128), term!((2.0_f64.powi(63)))],
            vec![big(false, 10, 1), term!((2.0_f64.powi(80)))],
            vec![term!((f64::MAX))],
            vec![big(false, 200, 1)],
            vec![term!(atom)],
        ];
        for (i, a) in groups.iter().enumerate() {
            for (j, b) in groups.iter().enumerate() {
                for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
                    assert_eq!(compare(a, b), i.cmp(&j), "{a} and {b}");
                    assert_eq!(compare(&term!({x, [(a)]}), &term!({x, [(b)]})), i.cmp(&j), "{a} and {b} inside");
                    // As keys they are told apart.
                    let (one, other) = (term!(#{(a) => 1}), term!(#{(b) => 1}));
                    assert_eq!(compare(&one, &other), a.cmp(b), "{a} and {b} as keys");
                }
            }
        }
    }
}
