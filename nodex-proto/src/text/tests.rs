use std::fmt::Write;

use num_bigint::{BigInt, Sign};

use super::*;
use crate::{term, term::Atom};

fn encoded(value: &impl crate::convert::IntoTerm) -> RawTerm {
    RawTerm::from_value(value).unwrap()
}

fn big(value: &BigInt) -> Term {
    let (sign, digits) = value.to_bytes_le();
    Term::integer_of_digits(sign == Sign::Minus, &digits)
}

fn both(term: &Term) -> [String; 2] {
    [Syntax::Erlang, Syntax::Elixir].map(|syntax| Text::of(term).syntax(syntax).to_string())
}

/// Counts what is written, and fails the test if there is more than was asked for.
struct Bounded(usize);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).expect("no more than asked for");
        Ok(())
    }
}

#[test]
fn long_integers_are_written_in_base_16() {
    let bits = 8 * MAX_DECIMAL_BYTES;
    let most: BigInt = (BigInt::from(1) << bits) - 1;
    let over: BigInt = &most + 1;
    for (value, decimal) in [(most.clone(), true), (-most, true), (over.clone(), false), (-over, false)] {
        let digits = format!("{:X}", value.magnitude());
        let sign = if value < BigInt::from(0) { "-" } else { "" };
        let [erlang, elixir] = match decimal {
            true => [value.to_string(), value.to_string()],
            false => [format!("{sign}16#{digits}"), format!("{sign}0x{digits}")],
        };
        let term = big(&value);
        assert_eq!(both(&term), [erlang.clone(), elixir.clone()]);
        assert_eq!(encoded(&value).to_string(), erlang);
        assert_eq!(parse(&erlang, Syntax::Erlang), Ok(term.clone()));
        assert_eq!(parse(&elixir, Syntax::Elixir), Ok(term));
    }
}

#[test]
fn zeros_stay_within_integers_in_base_16() {
    // Words and bytes that begin with zeros.
    let value: BigInt = (BigInt::from(0x0A) << (64 * 300)) + (BigInt::from(0x0B) << 64) + 0x0C;
    let text = format!("16#A{:0>4784}{:0>16}", "B", "C");
    assert_eq!(Text::of(&big(&value)).to_string(), text);
    assert_eq!(encoded(&value).to_string(), text);
}

#[test]
fn four_megabytes_of_digits_are_no_work() {
    // In base 10 the first would take half a minute, and the second longer.
    let value: BigInt = BigInt::from(7) << (8 * 524_000);
    let term = big(&value);
    for text in both(&term) {
        assert!(parse(&text, Syntax::Erlang).is_ok_and(|read| read == term));
    }
    let raw = encoded(&value);
    assert_eq!(raw.to_string().len(), 4 + 2 * 524_000);
    let digits = "7".repeat(16 << 20);
    assert_eq!(
        parse(&digits, Syntax::Elixir).unwrap_err().problem.to_string(),
        "a number of 16777216 digits is over the limit of 65536: write it in base 16"
    );
    assert!(parse(&format!("0x{digits}"), Syntax::Elixir).is_ok());
    assert!(parse(&digits[..MAX_DECIMAL_DIGITS], Syntax::Elixir).is_ok());
}

#[test]
fn what_is_cut_is_the_beginning_of_the_whole() {
    let long = "x".repeat(300);
    let wide = "\u{e4}\u{20ac}\u{1f600}".repeat(50);
    let map: Vec<(Term, Term)> = (0..300).map(|n| (term!((n)), term!({(n), [(n)]}))).collect();
    let words = |names: &[&str]| -> Vec<(Term, Term)> {
        names.iter().map(|name| (Atom::new(name).unwrap().into(), term!((long.as_str())))).collect()
    };
    let mut module = words(&["x", "y", "z"]);
    module.push((term!(:"__struct__"), term!(:"Elixir.A.B")));
    let terms = [
        term!({ok, (long.as_str()), 1.5, -7}),
        term!({(wide.as_str()), [(wide.as_str()) | tail]}),
        term!((wide.chars().map(|c| c as u32).collect::<Vec<_>>())),
        term!((vec![b'a'; 300])),
        term!((vec![200; 300])),
        term!(#{a => (vec![0, 1, 2]), <<"b">> => #{1 => 2}}),
        Term::map(map),
        Term::map(words(&["a", "b", "c", "__struct__"])),
        Term::map(module),
        big(&(BigInt::from(3) << 40_000)),
        Term::bit_string(vec![0xAA; 300], 3).unwrap(),
        Term::binary(vec![0xFF; 300]),
    ];
    for term in terms {
        let raw = encoded(&term);
        for limit in (0..80).chain([200, 299, 300, 301, 700, 5000]) {
            let texts = [
                Text::of(&term),
                Text::of(&term).syntax(Syntax::Elixir),
                Text::of_bytes(raw.as_bytes()),
                Text::of_valid(raw.as_bytes()),
            ];
            for text in texts {
                let whole = text.to_string();
                let cut = text.max_len(limit).to_string();
                assert_eq!(format!("{text:.limit$}"), cut);
                match cut.strip_suffix("...") {
                    Some(start) if cut != whole => {
                        assert!(whole.starts_with(start) && start.len() <= limit && start.len() + 4 > limit, "{cut}");
                    }
                    _ => assert_eq!(cut, whole, "at {limit}"),
                }
            }
        }
    }
}

#[test]
fn debug_shows_a_beginning() {
    let raw = encoded(&vec![7_u32; 1 << 20]);
    for text in [format!("{raw:?}"), format!("{:?}", Text::of(&term!((vec![7; 1 << 20]))))] {
        assert!(text.len() < 1100 && text.ends_with("...)"), "{text}");
    }
    write!(Bounded(1100), "{raw:?}").unwrap();
}

#[test]
fn what_is_cut_is_not_read() {
    // A list of characters that turns out to be none at its end.
    let mut list: Vec<u32> = vec![u32::from('a'); 1 << 20];
    list.push(0);
    let (term, raw) = (term!((list.clone())), encoded(&list));
    assert_eq!(Text::of(&term).max_len(4).to_string(), "\"aaa...");
    assert_eq!(Text::of_valid(raw.as_bytes()).max_len(4).to_string(), "\"aaa...");
}
