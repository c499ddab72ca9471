//! Functions that derived implementations call. They are not for use by hand, and can change.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use super::DecodeError;
use crate::{
    error::Chain,
    etf::{Decoder, EtfError, Kind, tag},
    text::cut,
};

/// Reads a value, naming its type in errors.
///
/// # Errors
/// Returns those of `read`.
#[inline]
pub fn labelled<'a, T>(
    decoder: &mut Decoder<'a>,
    label: &'static str,
    read: impl FnOnce(&mut Decoder<'a>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    read(decoder).map_err(|error| error.within(label))
}

/// Reads the name of an atom that is a key or a tag. Any other term is skipped and has the empty name, which no derived
/// key has.
///
/// # Errors
/// Returns an error when the bytes are not a term.
#[inline]
pub fn key<'a>(decoder: &mut Decoder<'a>) -> Result<Cow<'a, [u8]>, DecodeError> {
    if let [tag::SMALL_ATOM_UTF8_EXT, length, rest @ ..] = decoder.remaining()
        && let Some(name) = rest.get(..usize::from(*length))
    {
        decoder.rewind(decoder.position() + 2 + name.len());
        return Ok(Cow::Borrowed(name));
    }
    other_key(decoder)
}

fn other_key<'a>(decoder: &mut Decoder<'a>) -> Result<Cow<'a, [u8]>, DecodeError> {
    if decoder.peek()? != Kind::Atom {
        decoder.skip()?;
        return Ok(Cow::Borrowed(b""));
    }
    Ok(match decoder.atom_name()? {
        Cow::Borrowed(name) => Cow::Borrowed(name.as_bytes()),
        Cow::Owned(name) => Cow::Owned(name.into_bytes()),
    })
}

/// Reads the value of a key into its slot.
///
/// # Errors
/// Returns those of `read`, with the key; when the key was there before.
#[inline]
pub fn fill<'a, T>(
    slot: &mut Option<T>,
    decoder: &mut Decoder<'a>,
    part: &'static str,
    read: impl FnOnce(&mut Decoder<'a>) -> Result<T, DecodeError>,
) -> Result<(), DecodeError> {
    if slot.is_some() {
        return Err(duplicate(decoder, part));
    }
    *slot = Some(labelled(decoder, part, read)?);
    Ok(())
}

#[cold]
fn duplicate(decoder: &Decoder<'_>, part: &'static str) -> DecodeError {
    DecodeError::from(EtfError::DuplicateKey { offset: decoder.position() }).within(part)
}

/// Reads an atom that is always the same.
///
/// # Errors
/// Returns an error when it is another term; when the key was there before.
pub fn constant(
    seen: &mut Option<()>,
    decoder: &mut Decoder<'_>,
    part: &'static str,
    name: &'static str,
) -> Result<(), DecodeError> {
    fill(seen, decoder, part, |decoder| tag(decoder, name))
}

/// Reads this atom.
///
/// # Errors
/// Returns an error when it is another term.
#[inline]
pub fn tag(decoder: &mut Decoder<'_>, name: &'static str) -> Result<(), DecodeError> {
    let start = decoder.position();
    if &*key(decoder)? == name.as_bytes() {
        return Ok(());
    }
    decoder.rewind(start);
    Err(other_atom(decoder, name))
}

#[cold]
fn other_atom(decoder: &mut Decoder<'_>, name: &'static str) -> DecodeError {
    let expected = format!("the atom {name}");
    let start = decoder.position();
    match decoder.atom_name() {
        Ok(found) => DecodeError::mismatch(expected, format!("the atom {found}")),
        Err(_) => {
            decoder.rewind(start);
            decoder.mismatch(expected)
        }
    }
}

/// Returns the value of a key, or the default of a missing one.
///
/// # Errors
/// Returns an error when it is missing and has no default.
#[inline]
pub fn required<T>(slot: Option<T>, absent: impl FnOnce() -> Option<T>, part: &'static str) -> Result<T, DecodeError> {
    slot.or_else(absent).ok_or_else(|| missing(part))
}

/// Checks that a constant was read.
///
/// # Errors
/// Returns an error when it is missing.
pub fn present(seen: Option<()>, part: &'static str) -> Result<(), DecodeError> {
    seen.ok_or_else(|| missing(part))
}

#[cold]
fn missing(part: &'static str) -> DecodeError {
    DecodeError::mismatch(part, "map without it")
}

/// Reads the head of a tuple of this arity.
///
/// # Errors
/// Returns an error when it is something else.
#[inline]
pub fn tuple(decoder: &mut Decoder<'_>, arity: usize) -> Result<(), DecodeError> {
    if decoder.peek().is_ok_and(|kind| kind != Kind::Tuple) {
        return Err(decoder.mismatch(format!("tuple of {arity}")));
    }
    match decoder.tuple()? {
        found if found == arity => Ok(()),
        found => Err(DecodeError::mismatch(format!("tuple of {arity}"), format!("tuple of {found}"))),
    }
}

/// Reads the name of a variant, and how many terms follow if it is a tagged tuple.
///
/// # Errors
/// Returns an error when it is neither an atom nor a tuple that starts with one. `expected` lists the variants.
#[inline]
pub fn variant<'a>(
    decoder: &mut Decoder<'a>,
    expected: &'static str,
) -> Result<(Cow<'a, [u8]>, Option<usize>), DecodeError> {
    let rest = decoder.remaining();
    let (head, count, atom) = match *rest {
        [tag::SMALL_TUPLE_EXT, arity @ 1..=255, ref atom @ ..] => (2, Some(usize::from(arity) - 1), atom),
        _ => (0, None, rest),
    };
    if let [tag::SMALL_ATOM_UTF8_EXT, len, ref name @ ..] = *atom
        && let Some(name) = name.get(..usize::from(len))
    {
        decoder.rewind(decoder.position() + head + 2 + name.len());
        return Ok((Cow::Borrowed(name), count));
    }
    other_variant(decoder, expected)
}

/// One in another form than the commonest, or none.
#[inline(never)]
fn other_variant<'a>(
    decoder: &mut Decoder<'a>,
    expected: &'static str,
) -> Result<(Cow<'a, [u8]>, Option<usize>), DecodeError> {
    let start = decoder.position();
    let count = match decoder.peek()? {
        Kind::Atom => None,
        Kind::Tuple => match decoder.tuple()?.checked_sub(1) {
            None => return Err(DecodeError::mismatch(expected, "empty tuple")),
            count => count,
        },
        _ => return Err(decoder.mismatch(expected)),
    };
    if decoder.peek()? != Kind::Atom {
        decoder.rewind(start);
        return Err(decoder.mismatch(expected));
    }
    Ok((key(decoder)?, count))
}

/// Returns the error for a name and size that no variant has.
#[cold]
pub fn unknown_variant(name: &[u8], count: Option<usize>, expected: &'static str) -> DecodeError {
    let name = String::from_utf8_lossy(name);
    let found = match count {
        None => format!("the atom {name}"),
        // A short tuple is spelled out, a long one is not.
        Some(count @ 0..=7) => format!("{{{name}{}}}", ", _".repeat(count)),
        Some(count) => format!("tuple of {} with the tag {name}", count + 1),
    };
    DecodeError::mismatch(expected, found)
}

/// Tries the variants of an untagged enum one after the other.
#[derive(Debug)]
pub struct Untagged {
    start: usize,
    details: String,
}

/// How many bytes of the text of an inner error are kept, so that the texts of nested attempts do not grow without
/// bound.
const MAX_DETAIL: usize = 160;

/// Appends to a text while there is room, and then fails.
struct Detail<'a> {
    text: &'a mut String,
    left: usize,
}

impl Write for Detail<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let taken = cut(more, self.left);
        self.text.push_str(taken);
        self.left -= taken.len();
        if taken.len() < more.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

impl Untagged {
    /// Starts at the current position.
    pub fn new(decoder: &Decoder<'_>) -> Self {
        Untagged { start: decoder.position(), details: String::new() }
    }

    /// Records that a variant did not fit, and returns to the start.
    ///
    /// # Errors
    /// Returns an error when the term makes nested attempts read it again and again.
    #[cold]
    pub fn failed(
        &mut self,
        decoder: &mut Decoder<'_>,
        variant: &'static str,
        error: &DecodeError,
    ) -> Result<(), DecodeError> {
        // A term of the wrong kind is not read; its kind is reported once for all variants.
        let begun = decoder.position() > self.start;
        decoder.read_again_from(self.start)?;
        if begun {
            let mut detail = Detail { text: &mut self.details, left: MAX_DETAIL };
            if write!(detail, "; {variant}: {}", Chain(error)).is_err() {
                self.details.push_str("..");
            }
        }
        Ok(())
    }

    /// Returns the error when no variant fitted. `expected` lists the variants.
    #[cold]
    pub fn none(self, decoder: &Decoder<'_>, expected: &'static str) -> DecodeError {
        match decoder.peek() {
            Ok(kind) => DecodeError::mismatch(expected, format!("{kind}{}", self.details)),
            Err(error) => error.into(),
        }
    }
}

/// Returns the kind of the next term, if it is one. Variants of other kinds need not be tried.
#[inline]
pub fn next_kind(decoder: &Decoder<'_>) -> Option<Kind> {
    Kind::of_tag(*decoder.remaining().first()?)
}

/// Returns `false` if the next term is certainly not the atom of this name.
#[inline]
pub fn may_be_atom(decoder: &Decoder<'_>, name: &'static str) -> bool {
    decoder.may_be_atom(name)
}

/// Reads one variant of an untagged enum; an early return in `read` returns from the variant only.
///
/// # Errors
/// Returns those of `read`.
#[inline]
pub fn attempt<'a, T>(
    decoder: &mut Decoder<'a>,
    read: impl FnOnce(&mut Decoder<'a>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    read(decoder)
}

/// What a field is that is marked `undefined`.
#[diagnostic::on_unimplemented(
    message = "`undefined` says how the `None` of an `Option` is written, but this is `{Self}`",
    label = "not an `Option`"
)]
pub trait OptionField {
    /// Named where a field is marked.
    const IS_OPTION: () = ();
}

impl<T> OptionField for Option<T> {}
