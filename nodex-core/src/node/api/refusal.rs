//! Answers that refuse a call.

use std::fmt;

use crate::{
    convert::FromTerm,
    etf::Decoder,
    term::{Atom, RawTerm},
};

/// The `Reason` of an `{error, Reason}` that came in place of a reply.
///
/// The texts come from the node and are cut to 4 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `unknown_call`: there is no function of this name and arity.
    UnknownCall,
    /// `{badarg, Text}`: an argument has a type that the function does not accept.
    BadArgument {
        /// Which argument, and why.
        text: Box<str>,
    },
    /// `{panic, Text}`: the function panicked.
    Panic {
        /// The function and its message.
        text: Box<str>,
    },
    /// `{unencodable, Text}`: the function returned a value that cannot be encoded.
    Unencodable {
        /// What is wrong with the value.
        text: Box<str>,
    },
    /// `draining`: the node is stopping and accepts no more calls.
    Draining,
    /// Another reason.
    Other {
        /// As it came.
        reason: RawTerm,
    },
}

/// How many bytes of a text are kept.
const TEXT: usize = 4 * 1024;

/// How many bytes of a term or a text are shown.
const SHOWN: usize = 1024;

impl Refusal {
    /// Returns the reason in an answer `{error, Reason}`; `None` for any other.
    pub(in crate::node) fn of(answer: &RawTerm) -> Option<Refusal> {
        const ERROR: &[u8] = b"error";
        let mut decoder = Decoder::new(answer.as_bytes());
        if decoder.tuple().ok()? != 2 || decoder.atom_name().ok()?.as_bytes() != ERROR {
            return None;
        }
        let start = decoder.position();
        let other = |mut decoder: Decoder<'_>| {
            decoder.rewind(start);
            let reason = decoder.skip().ok()?;
            Some(Refusal::Other { reason: answer.part(reason) })
        };
        if let Ok(name) = Atom::decode(&mut decoder) {
            return match name.as_str() {
                "unknown_call" => Some(Refusal::UnknownCall),
                "draining" => Some(Refusal::Draining),
                _ => other(decoder),
            };
        }
        decoder.rewind(start);
        let pair = (|| {
            let arity = decoder.tuple().ok()?;
            let tag = Atom::decode(&mut decoder).ok().filter(|_| arity == 2)?;
            Some((tag, cut(decoder.binary().ok()?)))
        })();
        match pair {
            Some((tag, text)) if tag == "badarg" => Some(Refusal::BadArgument { text }),
            Some((tag, text)) if tag == "panic" => Some(Refusal::Panic { text }),
            Some((tag, text)) if tag == "unencodable" => Some(Refusal::Unencodable { text }),
            _ => other(decoder),
        }
    }
}

/// Returns the start of a text, cut before anything else is done with it.
fn cut(text: &[u8]) -> Box<str> {
    String::from_utf8_lossy(&text[..text.len().min(TEXT)]).into()
}

/// Shows the start of a text from another node, escaped and on one line.
pub(super) struct Line<'a>(pub(super) &'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = crate::text::cut(self.0, SHOWN);
        for c in shown.chars() {
            if crate::text::is_visible(c) {
                fmt::Write::write_char(f, c)?
            } else {
                write!(f, "{}", c.escape_default())?
            }
        }
        if shown.len() < self.0.len() { f.write_str("…") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        node::service::rejection::Rejection,
        text::{Syntax, parse},
    };

    fn of(text: &str) -> Option<Refusal> {
        Refusal::of(&RawTerm::from_value(&parse(text, Syntax::Erlang).unwrap()).unwrap())
    }

    fn answered(rejection: &Rejection) -> Refusal {
        let mut answer = b"\x68\x02\x77\x05error".to_vec();
        answer.extend(rejection.reason().to_vec());
        Refusal::of(&RawTerm::from_slice(&answer, None)).unwrap()
    }

    #[test]
    fn what_nodes_answer() {
        assert_eq!(answered(&Rejection::unknown_call()), Refusal::UnknownCall);
        assert_eq!(answered(&Rejection::badarg("x")), Refusal::BadArgument { text: "x".into() });
        assert_eq!(answered(&Rejection::panic("f: é")), Refusal::Panic { text: "f: é".into() });
        assert_eq!(of("{error, draining}"), Some(Refusal::Draining));
        assert_eq!(of("{error, {unencodable, <<\"x\">>}}"), Some(Refusal::Unencodable { text: "x".into() }));
    }

    #[test]
    fn what_others_answer() {
        for (answer, shown) in [
            ("{error, enoent}", "enoent"),
            ("{error, {badarg, 1}}", "{badarg,1}"),
            ("{error, {badarg, <<\"x\">>, 1}}", "{badarg,<<\"x\">>,1}"),
            ("{error, {busy, <<\"x\">>}}", "{busy,<<\"x\">>}"),
            ("{error, \"text\"}", "\"text\""),
            ("{error, {}}", "{}"),
        ] {
            let refusal = of(answer).unwrap();
            let Refusal::Other { reason } = refusal else { panic!("{answer}") };
            assert_eq!(reason.to_string(), shown);
        }
        for answer in ["ok", "{ok, 1}", "{error}", "{error, a, b}", "{<<\"error\">>, a}", "7", "[error | a]"] {
            assert_eq!(of(answer), None, "{answer}");
        }
    }

    #[test]
    fn however_long_it_is_little_of_it_is_kept_and_shown() {
        let long = answered(&Rejection::panic(&"\u{1b}é".repeat(1_000_000)));
        let Refusal::Panic { text } = &long else { panic!("{long:?}") };
        assert!(text.len() <= TEXT + 3);
        let shown = Line(text).to_string();
        assert!(shown.starts_with("\\u{1b}é\\u{1b}é") && shown.ends_with('…') && shown.len() < 8 * SHOWN);
    }
}
