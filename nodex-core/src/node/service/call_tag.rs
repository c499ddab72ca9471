//! What distinguishes a call from others of its sender: the tag of `{'$gen_call', {Pid, Tag}, Request}` (OTP's
//! `gen.erl`, `do_call/4` and `reply/2`), or the process of a call by rpc.

use std::sync::Arc;

use super::reply_sink::ReplySink;
use crate::{
    etf::{Decoder, tag},
    protocol::control::{PidTerm, RefTerm},
};

/// What identifies a call beyond its sender.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::node) struct CallTag<'a> {
    /// The tag of a gen call, the first element of its reply; empty for other calls.
    pub(in crate::node) tag: &'a [u8],
    /// The alias inside the tag.
    pub(in crate::node) alias: Option<RefTerm<'a>>,
    /// The process that the call came as, or that it would have come as.
    pub(in crate::node) sink: Option<&'a Arc<dyn ReplySink>>,
}

impl<'a> CallTag<'a> {
    /// Creates the tag of a gen call.
    pub(in crate::node) fn new(tag: &'a [u8]) -> Self {
        CallTag { tag, alias: alias_of(tag), sink: None }
    }
}

/// The encoded start of `[alias|Ref]`, up to the reference.
const ALIAS: &[u8] = b"\x6c\0\0\0\x01\x77\x05alias";

/// Reads a call in its most frequent form, and returns it with the position of its request: the caller is the sender of
/// the message, and the tag is a reference of its node or `[alias|Ref]`. With `None` the message may be a call in
/// another form, or no call.
///
/// The terms need no check: they go back only to the caller that sent them.
#[inline]
pub(in crate::node) fn usual_call<'a>(message: &'a [u8], from: PidTerm<'a>) -> Option<(CallTag<'a>, usize)> {
    const HEAD: &[u8] = b"\x68\x03\x77\x09$gen_call\x68\x02";
    let rest = message.strip_prefix(HEAD)?.strip_prefix(from.as_bytes())?;
    let after_alias = rest.strip_prefix(ALIAS);
    let (reference, request) = RefTerm::split_of_node(after_alias.unwrap_or(rest), from)?;
    let tag = &rest[..rest.len() - request.len()];
    let alias = after_alias.is_some().then_some(reference);
    Some((CallTag { tag, alias, sink: None }, message.len() - request.len()))
}

/// Reads the encoded pid and tag of a gen call's `{Pid, Tag}`, in any form.
pub(in crate::node) fn gen_from<'a>(decoder: &mut Decoder<'a>) -> Option<(PidTerm<'a>, &'a [u8])> {
    if decoder.tuple().ok()? != 2 {
        return None;
    }
    let pid = PidTerm::new(decoder.skip().ok()?)?;
    Some((pid, decoder.skip().ok()?))
}

/// Returns the reference in a tag of the form `[alias|Ref]` or `[[alias|Ref]|_]` (`gen:reply/2`).
pub(in crate::node) fn alias_of(tag: &[u8]) -> Option<RefTerm<'_>> {
    const PAIR: &[u8] = b"\x6c\0\0\0\x01";
    let inner = tag.strip_prefix(PAIR).filter(|inner| inner.first() == Some(&tag::LIST_EXT)).unwrap_or(tag);
    let mut decoder = Decoder::new(inner.strip_prefix(PAIR)?);
    (decoder.atom_name().ok()? == "alias").then_some(())?;
    RefTerm::new(decoder.skip().ok()?)
}

#[cfg(test)]
mod tests {
    use nodex_testkit::encoded;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::term::{Atom, Pid, RawTerm, Reference};

    fn pid(id: u32) -> Pid {
        Pid { node: Atom::from_static("a@b"), id, serial: 0, creation: 3 }
    }

    fn reference(node: &'static str) -> Reference {
        Reference::new(Atom::from_static(node), 3, &[1, 2, 3]).unwrap()
    }

    fn call(caller: u32, tag: &[u8]) -> Vec<u8> {
        let tag = RawTerm::from_slice(tag, None);
        encoded((crate::atom!("$gen_call"), (pid(caller), tag), (crate::atom!("ping"), 1)))
    }

    /// Tag and alias of a call, and where its request begins.
    type Read = (Vec<u8>, Option<Vec<u8>>, usize);

    /// The results for a call of the short way and of the general one.
    fn both(message: &[u8], sender: &[u8]) -> [Option<Read>; 2] {
        let usual = usual_call(message, PidTerm::new(sender).unwrap());
        let usual = usual.map(|(more, at)| (more.tag.to_vec(), more.alias.map(|alias| alias.as_bytes().to_vec()), at));
        let mut decoder = Decoder::new(message);
        let general = match (decoder.tuple(), decoder.atom_name()) {
            (Ok(3), Ok(name)) if name == "$gen_call" => gen_from(&mut decoder),
            _ => None,
        };
        let general = general
            .map(|(_, tag)| (tag.to_vec(), alias_of(tag).map(|alias| alias.as_bytes().to_vec()), decoder.position()));
        [usual, general]
    }

    #[test]
    fn the_usual_calls_are_read_as_all_others() {
        let plain = encoded(reference("a@b"));
        let alias = [ALIAS, &plain].concat();
        for tag in [plain, alias] {
            let [usual, general] = both(&call(7, &tag), &encoded(pid(7)));
            assert!(usual.is_some());
            assert_eq!(usual, general);
        }
    }

    #[test]
    fn unusual_calls_are_left_to_the_general_way() {
        let tag = encoded(reference("a@b"));
        let another_process = both(&call(7, &tag), &encoded(pid(8)));
        let sender = encoded(pid(7));
        let another_node = both(&call(7, &encoded(reference("x@y"))), &sender);
        let no_reference = both(&call(7, &encoded(crate::atom!("tag"))), &sender);
        let nested = both(&call(7, &[b"\x6c\0\0\0\x01", ALIAS, &tag, b"\x6a"].concat()), &sender);
        for [usual, general] in [another_process, another_node, no_reference, nested] {
            assert_eq!(usual, None);
            assert!(general.is_some());
        }
    }

    #[test]
    fn a_call_that_is_cut_is_none() {
        let message = call(7, &[ALIAS, &encoded(reference("a@b"))].concat());
        let sender = encoded(pid(7));
        let sender = PidTerm::new(&sender).unwrap();
        let (_, request) = usual_call(&message, sender).unwrap();
        for end in 0..message.len() {
            assert_eq!(usual_call(&message[..end], sender).is_some(), end >= request, "{end}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        /// Calls as nodes send them, and the same with a bit changed.
        #[test]
        fn what_the_short_way_says_of_a_call_the_general_one_says(
            node in "[a-z@.é]{1,40}",
            numbers in any::<[u32; 4]>(),
            words in vec(any::<u32>(), 1..=5),
            alias in any::<bool>(),
            request in vec(any::<u8>(), 0..20),
            (at, bit) in (any::<prop::sample::Index>(), 0..8),
        ) {
            let node = Atom::new(&node).unwrap();
            let [id, serial, creation, other] = numbers;
            let sender = encoded(Pid { node: node.clone(), id, serial, creation });
            let mut tag = encoded(Reference::new(node, other, &words).unwrap());
            if alias {
                tag = [ALIAS, &tag].concat();
            }
            let message = [b"\x68\x03\x77\x09$gen_call\x68\x02", &sender[..], &tag, b"\x77\x01r", &request].concat();
            let [usual, general] = both(&message, &sender);
            prop_assert!(usual.is_some());
            prop_assert_eq!(usual, general);
            let mut changed = message.clone();
            let at = at.index(message.len() - request.len());
            changed[at] ^= 1_u8 << bit;
            let [usual, general] = both(&changed, &sender);
            prop_assert!(usual.is_none() || usual == general, "{:?} {:?}", usual, general);
        }
    }
}
