//! Pids, references and atoms of a control message as they came: slices of the frame.
//!
//! Only their outline is checked when they are taken from a frame (tag, lengths); reading them into
//! [`Pid`], [`Reference`] or a string checks the rest.
use std::borrow::Cow;

use crate::etf::DecodeError;
use crate::etf::{Decoder, tag};
use crate::protocol::Flags;
use crate::term::{Pid, Reference};

/// An encoded pid, without version byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PidTerm<'a>(&'a [u8]);

/// An encoded reference, without version byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefTerm<'a>(&'a [u8]);

/// An encoded atom, without version byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtomTerm<'a>(&'a [u8]);

/// A process by its pid or by its registered name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcTerm<'a> {
    /// By pid.
    Pid(PidTerm<'a>),
    /// By name.
    Name(AtomTerm<'a>),
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// To a pid.
    Pid(PidTerm<'a>),
    /// To a registered name.
    Name(AtomTerm<'a>),
    /// To a process alias.
    Alias(RefTerm<'a>),
}

impl<'a> PidTerm<'a> {
    /// Of bytes whose outline has been checked.
    #[inline(always)]
    pub(super) fn outlined(term: &'a [u8]) -> Self {
        PidTerm(term)
    }

    /// Returns these bytes as a pid; `None` if they are another term or more than one term.
    pub fn new(term: &'a [u8]) -> Option<Self> {
        let (pid, rest) = split_pid(term)?;
        rest.is_empty().then_some(pid)
    }

    /// Returns the encoded term.
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the name of the node that has made it, as the bytes of the atom.
    #[inline]
    pub fn node(self) -> &'a [u8] {
        atom_name(&self.0[1..])
    }

    /// Returns the name of that node as an encoded atom.
    #[inline]
    fn node_atom(self) -> &'a [u8] {
        &self.0[1..self.0.len() - self.numbers()]
    }

    /// Returns the first number.
    #[inline]
    pub fn id(self) -> u32 {
        self.word(0)
    }

    /// Returns the second number.
    #[inline]
    pub fn serial(self) -> u32 {
        self.word(4)
    }

    /// Returns the creation of the node that has made it.
    #[inline]
    pub fn creation(self) -> u32 {
        if self.0[0] == tag::NEW_PID_EXT { self.word(8) } else { self.0[self.0.len() - 1].into() }
    }

    /// Reads it.
    pub fn to_pid(self) -> Result<Pid, DecodeError> {
        Decoder::new(self.0).pid()
    }

    fn word(self, at: usize) -> u32 {
        be32(&self.0[self.0.len() - self.numbers() + at..])
    }

    /// Returns the width of the numbers.
    #[inline]
    fn numbers(self) -> usize {
        if self.0[0] == tag::NEW_PID_EXT { 12 } else { 9 }
    }
}

impl<'a> RefTerm<'a> {
    /// Returns these bytes as a reference; `None` if they are another term or more than one term.
    pub fn new(term: &'a [u8]) -> Option<Self> {
        let (reference, rest) = split_ref(term)?;
        rest.is_empty().then_some(reference)
    }

    /// Returns the reference at the front, if it has the newer form and its node is encoded as that of a pid, and the
    /// bytes after it.
    #[inline(always)]
    #[doc(hidden)]
    pub fn split_of_node(term: &'a [u8], pid: PidTerm<'_>) -> Option<(Self, &'a [u8])> {
        let ([tag::NEWER_REFERENCE_EXT, 0, words @ 1..=5], rest) = term.split_first_chunk()? else { return None };
        let node = pid.node_atom();
        let numbers = 4 + 4 * usize::from(*words);
        if rest.len() < node.len() + numbers || !rest.starts_with(node) {
            return None;
        }
        let (reference, rest) = term.split_at_checked(3 + node.len() + numbers)?;
        Some((RefTerm(reference), rest))
    }

    /// Returns the encoded term.
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the words of a reference that this incarnation of this node has made, if it has three and is in the form
    /// in which every node returns it. `None` has no meaning: [`Self::to_reference`] reads all forms.
    #[doc(hidden)]
    pub fn words_of(self, node: &[u8], creation: u32) -> Option<[u32; 3]> {
        let numbers =
            self.0.strip_prefix(&[tag::NEWER_REFERENCE_EXT, 0, 3])?.strip_prefix(&[tag::SMALL_ATOM_UTF8_EXT])?;
        let (length, numbers) = numbers.split_first()?;
        let numbers: &[u8; 16] = numbers.strip_prefix(node)?.try_into().ok()?;
        let number = |place: usize| be32(&numbers[4 * place..]);
        (usize::from(*length) == node.len() && number(0) == creation).then(|| [1, 2, 3].map(number))
    }

    /// Reads it.
    pub fn to_reference(self) -> Result<Reference, DecodeError> {
        Decoder::new(self.0).reference()
    }
}

impl<'a> AtomTerm<'a> {
    /// Of bytes whose outline has been checked.
    #[inline(always)]
    pub(super) fn outlined(term: &'a [u8]) -> Self {
        AtomTerm(term)
    }

    /// Returns these bytes as an atom; `None` if they are another term or more than one term.
    pub fn new(term: &'a [u8]) -> Option<Self> {
        let (atom, rest) = split_atom(term)?;
        rest.is_empty().then_some(atom)
    }

    /// Returns the encoded term.
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns its name as it is encoded: UTF-8 unless [`Self::name`] says otherwise. For ASCII names, which
    /// are the same in every encoding.
    #[inline]
    pub fn name_bytes(self) -> &'a [u8] {
        atom_name(self.0)
    }

    /// Returns its name.
    pub fn name(self) -> Result<Cow<'a, str>, DecodeError> {
        Decoder::new(self.0).atom_name()
    }
}

impl<'a> ProcTerm<'a> {
    /// Returns the encoded term.
    pub fn as_bytes(self) -> &'a [u8] {
        match self {
            ProcTerm::Pid(pid) => pid.0,
            ProcTerm::Name(name) => name.0,
        }
    }
}

impl<'a> Target<'a> {
    /// Returns the receiver of the reply to a `gen_server` call: the alias in its tag (`[alias|Ref]`) if it has one and
    /// the peer supports messages to aliases, otherwise the caller. A late reply to an alias is dropped; one to the
    /// caller stays in its mailbox.
    pub fn reply(peer: Flags, caller: PidTerm<'a>, alias: Option<RefTerm<'a>>) -> Self {
        match alias {
            Some(alias) if !(peer & (Flags::ALIAS | Flags::ALTACT_SIG)).is_empty() => Target::Alias(alias),
            _ => Target::Pid(caller),
        }
    }

    /// Returns the encoded term.
    pub fn as_bytes(self) -> &'a [u8] {
        match self {
            Target::Pid(pid) => pid.0,
            Target::Name(name) => name.0,
            Target::Alias(alias) => alias.0,
        }
    }
}

/// Returns the number in four bytes, which the constructors have checked.
fn be32(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |word| u32::from_be_bytes(*word))
}

/// Returns the length of the atom at the front: tag, length and name.
#[inline(always)]
fn atom_len(term: &[u8]) -> Option<usize> {
    match *term {
        [tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT, length, ..] => Some(2 + usize::from(length)),
        [tag::ATOM_UTF8_EXT | tag::ATOM_EXT, high, low, ..] => Some(3 + usize::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

/// Returns the name of the atom at the front, whose outline has been checked.
#[inline(always)]
fn atom_name(term: &[u8]) -> &[u8] {
    let head = if matches!(term[0], tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT) { 2 } else { 3 };
    &term[head..atom_len(term).unwrap_or(head)]
}

#[inline(always)]
pub(super) fn split_atom(term: &[u8]) -> Option<(AtomTerm<'_>, &[u8])> {
    let (atom, rest) = term.split_at_checked(atom_len(term)?)?;
    Some((AtomTerm(atom), rest))
}

#[inline(always)]
pub(super) fn split_pid(term: &[u8]) -> Option<(PidTerm<'_>, &[u8])> {
    let numbers = match *term.first()? {
        tag::NEW_PID_EXT => 12,
        tag::PID_EXT => 9,
        _ => return None,
    };
    let (pid, rest) = term.split_at_checked(1 + atom_len(&term[1..])? + numbers)?;
    Some((PidTerm(pid), rest))
}

pub(super) fn split_ref(term: &[u8]) -> Option<(RefTerm<'_>, &[u8])> {
    let length = match *term {
        [tag::NEWER_REFERENCE_EXT, 0, words @ 1..=5, ..] => 3 + atom_len(&term[3..])? + 4 + 4 * usize::from(words),
        [tag::NEW_REFERENCE_EXT, 0, words @ 1..=5, ..] => 3 + atom_len(&term[3..])? + 1 + 4 * usize::from(words),
        [tag::REFERENCE_EXT, ..] => 1 + atom_len(&term[1..])? + 5,
        _ => return None,
    };
    let (reference, rest) = term.split_at_checked(length)?;
    Some((RefTerm(reference), rest))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn pids_of_all_kinds_read_without_decoding() {
        let terms: [&[u8]; 4] = [
            b"\x58\x77\x03a@b\0\0\0\x01\0\0\0\x02\0\0\0\x03",
            b"\x58\x76\0\x03a@b\0\0\0\x01\0\0\0\x02\0\0\0\x03",
            b"\x58\x64\0\x03a@b\0\0\0\x01\0\0\0\x02\0\0\0\x03",
            b"\x67\x73\x03a@b\0\0\0\x01\0\0\0\x02\x03",
        ];
        for term in terms {
            let pid = PidTerm::new(term).unwrap();
            assert_eq!((pid.node(), pid.id(), pid.serial(), pid.creation()), (&b"a@b"[..], 1, 2, 3));
            let read = pid.to_pid().unwrap();
            assert_eq!((read.node.as_str(), read.id, read.serial, read.creation), ("a@b", 1, 2, 3));
            for cut in 0..term.len() {
                assert_eq!(PidTerm::new(&term[..cut]), None);
            }
            assert_eq!(PidTerm::new(&[term, b"x"].concat()), None);
        }
    }

    #[test]
    fn references_have_one_to_five_words() {
        for words in 0..=6u8 {
            let mut term = vec![90, 0, words, 119, 3, b'a', b'@', b'b', 0, 0, 0, 9];
            (0..words).for_each(|word| term.extend([0, 0, 0, word]));
            let reference = RefTerm::new(&term);
            assert_eq!(reference.is_some(), (1..=5).contains(&words));
            if let Some(reference) = reference {
                assert_eq!(reference.to_reference().unwrap().words().len(), usize::from(words));
            }
        }
        assert!(RefTerm::new(b"\x72\0\x01\x73\x01a\x02\0\0\0\x05").is_some());
        assert!(RefTerm::new(b"\x65\x73\x01a\0\0\0\x05\x02").is_some());
        assert!(RefTerm::new(b"\x58\x77\x03a@b\0\0\0\x01\0\0\0\x02\0\0\0\x03").is_none());
    }

    #[test]
    fn words_are_told_of_references_of_one_node() {
        let term = b"\x5a\0\x03\x77\x03a@b\0\0\0\x09\0\0\0\x01\0\0\0\x02\0\0\0\x03";
        let reference = RefTerm::new(term).unwrap();
        assert_eq!(reference.words_of(b"a@b", 9), Some([1, 2, 3]));
        assert_eq!(reference.to_reference().unwrap().words(), [1, 2, 3]);
        for (node, creation) in [(&b"a@b"[..], 8), (b"a@c", 9), (b"a@", 9), (b"a@b\0", 9), (b"", 9)] {
            assert_eq!(reference.words_of(node, creation), None);
        }
        let two = b"\x5a\0\x02\x77\x03a@b\0\0\0\x09\0\0\0\x01\0\0\0\x02";
        assert_eq!(RefTerm::new(two).unwrap().words_of(b"a@b", 9), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        /// Tries references in every form, of this node and of others.
        #[test]
        fn the_words_of_a_reference_are_those_that_it_reads_as(
            tag in prop::sample::select(&[90_u8, 114, 101][..]),
            atom in prop::sample::select(&[119_u8, 118, 115, 100][..]),
            (node, creation) in ("[a-z@]{0,30}", prop_oneof![0..4_u32, any::<u32>()]),
            words in vec(prop_oneof![3 => 0..1_u32 << 18, 1 => any::<u32>()], 1..=5),
            (other_node, other_creation) in ("[a-z@]{0,30}", 0..4_u32),
        ) {
            let mut term = vec![tag];
            let words = if tag == 101 { &words[..1] } else { &words[..] };
            if tag != 101 {
                term.extend((words.len() as u16).to_be_bytes());
            }
            let length = node.len() as u16;
            term.push(atom);
            term.extend(&length.to_be_bytes()[if matches!(atom, 119 | 115) { 1 } else { 0 }..]);
            term.extend(node.as_bytes());
            let words = words.iter().flat_map(|word| word.to_be_bytes());
            match tag {
                90 => term.extend(creation.to_be_bytes().into_iter().chain(words)),
                114 => term.extend([creation as u8].into_iter().chain(words)),
                _ => term.extend(words.chain([creation as u8])),
            }
            let reference = RefTerm::new(&term).unwrap();
            let read = reference.to_reference();
            for (node, creation) in [(&node, creation), (&other_node, creation), (&node, other_creation)] {
                if let Some(words) = reference.words_of(node.as_bytes(), creation) {
                    let read = read.as_ref().unwrap();
                    prop_assert_eq!((read.node.as_str(), read.creation, read.words()), (&node[..], creation, &words[..]));
                } else if let Ok(read) = &read {
                    let is_usual = (tag, atom, read.words().len()) == (90, 119, 3);
                    prop_assert!(!is_usual || read.node.as_str() != node || read.creation != creation);
                }
            }
        }
    }

    #[test]
    fn atoms_give_their_name() {
        assert_eq!(AtomTerm::new(b"\x77\x02ok").unwrap().name_bytes(), b"ok");
        assert_eq!(AtomTerm::new(b"\x76\0\x02ok").unwrap().name().unwrap(), "ok");
        assert_eq!(AtomTerm::new(b"\x73\x01\xe9").unwrap().name().unwrap(), "\u{e9}");
        assert!(AtomTerm::new(b"\x77\x01\xe9").unwrap().name().is_err());
        assert_eq!(AtomTerm::new(b"\x77\x00").unwrap().name_bytes(), b"");
        assert_eq!(AtomTerm::new(b"\x77\x03ok"), None);
    }
}
