//! The ways to read a frame.

use nodex_proto::{
    etf::Encoder,
    protocol::{
        Flags,
        control::{self, AtomTerm, Control, FrameForm, Op, OpenFrame, PidTerm, ProcTerm, RefTerm, Target},
    },
    term::{Atom, Pid, Reference},
};
use proptest::{collection::vec, prelude::*};

use super::written::{Choose, T, integer, name, scalar, tuple, unusual, usual, write};

/// A message to a process, as a frame says it.
#[derive(Debug, Clone)]
struct Message {
    from: Option<T>,
    to: T,
    token: Option<T>,
    body: T,
}

fn pid() -> impl Strategy<Value = T> {
    (name(), any::<[u32; 3]>()).prop_map(|(node, numbers)| T::Pid(node, numbers))
}

fn message() -> impl Strategy<Value = Message> {
    let to = prop_oneof![
        name().prop_map(T::Atom),
        pid(),
        (name(), any::<u32>(), vec(any::<u32>(), 1..=5)).prop_map(|(node, c, words)| T::Reference(node, c, words)),
    ];
    (pid(), any::<bool>(), to, prop::option::weighted(0.2, scalar()), scalar()).prop_map(
        |(from, with, to, token, body)| {
            // Only what goes to a pid may come from nobody.
            let from = if with || !matches!(to, T::Pid(..)) { Some(from) } else { None };
            Message { from, to, token, body }
        },
    )
}

/// `REG_SEND`, `SEND`, `SEND_SENDER` or `ALIAS_SEND`, with a token or without.
fn frame(message: &Message, choose: &mut Choose<'_>) -> Vec<u8> {
    let mut out = vec![112, 131];
    let with = usize::from(message.token.is_some());
    let (number, arity) = match (&message.from, &message.to) {
        (_, T::Atom(_)) => ([6, 16][with], 4),
        (_, T::Reference(..)) => ([33, 34][with], 3),
        (Some(_), _) => ([22, 23][with], 3),
        (None, _) => ([2, 12][with], 3),
    };
    tuple(arity + with, choose, &mut out);
    integer(number, choose, &mut out);
    // An unused slot may hold anything.
    let unused = |choose: &mut Choose<'_>, out: &mut Vec<u8>| match choose(3) {
        0 => out.extend([119, 0]),
        1 => out.push(106),
        _ => write(&T::Atom("nobody".into()), choose, out),
    };
    match &message.from {
        Some(from) => write(from, choose, &mut out),
        None => unused(choose, &mut out),
    }
    if arity == 4 {
        unused(choose, &mut out);
    }
    write(&message.to, choose, &mut out);
    if let Some(token) = &message.token {
        write(token, choose, &mut out);
    }
    out.push(131);
    out.extend(usual(&message.body));
    out
}

/// Sender, receiver, token and body, encoded.
type Parts = (Option<Vec<u8>>, Vec<u8>, Option<Vec<u8>>, Vec<u8>);

/// What a frame is read as, in the words of [`Message`].
fn read(frame: &[u8]) -> Parts {
    let (_, control) = control::decode(frame).unwrap_or_else(|error| panic!("{error}: {frame:?}"));
    let Control::Send { from, to, token, priority: false, message } = control else { panic!("{control:?}") };
    let to = match to {
        Target::Name(name) => usual(&T::Atom(name.name().unwrap().into_owned())),
        Target::Pid(pid) => {
            let read = pid.to_pid().unwrap();
            assert_eq!((pid.id(), pid.serial(), pid.creation()), (read.id, read.serial, read.creation));
            usual(&T::Pid(read.node.to_string(), [read.id, read.serial, read.creation]))
        }
        Target::Alias(alias) => {
            let read = alias.to_reference().unwrap();
            usual(&T::Reference(read.node.to_string(), read.creation, read.words().to_vec()))
        }
    };
    let from = from.map(|from| {
        let read = from.to_pid().unwrap();
        usual(&T::Pid(read.node.to_string(), [read.id, read.serial, read.creation]))
    });
    (from, to, token.map(<[u8]>::to_vec), message.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// With the short head that every node writes, and in the longer forms that are allowed beside it.
    #[test]
    fn a_message_says_the_same_in_every_form_of_its_frame(message in message(), choices in vec(any::<u8>(), 1..40)) {
        let short = read(&frame(&message, &mut |_| 0));
        prop_assert_eq!(&short.0, &message.from.as_ref().map(usual));
        prop_assert_eq!(&short.1, &usual(&message.to));
        prop_assert_eq!(&short.2, &message.token.as_ref().map(usual));
        prop_assert_eq!(&short.3, &usual(&message.body));
        let mut next = choices.iter().cycle();
        let long = read(&frame(&message, &mut |ways| usize::from(*next.next().unwrap()) % ways));
        prop_assert_eq!((&long.0, &long.1, &long.3), (&short.0, &short.1, &short.3));
        prop_assert_eq!(long.2.is_some(), short.2.is_some());
    }

    /// Cut off or changed, a frame is read as what it now says or not at all: an atom and a pid are no longer than they say.
    #[test]
    fn a_changed_frame_is_read_by_its_own_lengths(message in message(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let whole = frame(&message, &mut |_| 0);
        for end in 0..whole.len() {
            if let Ok((_, Control::Send { message: rest, .. })) = control::decode(&whole[..end]) {
                prop_assert!(whole[..end].ends_with(rest));
                prop_assert!(usual(&message.body).starts_with(rest));
            }
        }
        let mut changed = whole.clone();
        changed[at.index(whole.len())] ^= 1 << bit;
        if let Ok((_, Control::Send { from, to, message, token, .. })) = control::decode(&changed) {
            // The pieces are those of the frame, in its order, and the last one is its end.
            let start = |piece: &[u8]| piece.as_ptr() as usize - changed.as_ptr() as usize;
            let pieces = [from.map(|from| from.as_bytes()), Some(to.as_bytes()), token, Some(message)];
            let mut end = 2;
            for piece in pieces.into_iter().flatten() {
                prop_assert!(start(piece) >= end);
                end = start(piece) + piece.len();
            }
            prop_assert_eq!(end, changed.len());
        }
    }

    /// Forms of a term by the writer above are terms: the comparison would be worth nothing otherwise.
    #[test]
    fn the_forms_differ(term in scalar(), choices in vec(any::<u8>(), 1..40)) {
        let (usual, unusual) = (usual(&term), unusual(&term, &choices));
        let same = |bytes: &[u8]| nodex_proto::etf::Decoder::new(bytes).term().unwrap();
        prop_assert_eq!(same(&usual), same(&unusual));
    }
}

/// The frames of calls, which are begun with terms as they are, are those that control messages make.
#[test]
fn frames_that_are_begun_with_their_terms_are_the_control_messages_that_they_are() {
    for length in [0, 1, 15, 16, 30, 31, 32, 60, 120, 255] {
        let node = Atom::new(&"n".repeat(length)).unwrap();
        let (mut from, mut reference, mut encoded) = (Encoder::new(), Encoder::new(), Encoder::new());
        from.put_pid(&Pid { node: node.clone(), id: 7, serial: 9, creation: 4 });
        reference.put_reference(&Reference::new(node.clone(), 4, &[1, 2, 3]).unwrap());
        encoded.put_atom(&node);
        let [from, reference, encoded] = [from, reference, encoded].map(|out| out.to_vec());
        let (pid, name) = (PidTerm::new(&from).unwrap(), AtomTerm::new(&encoded).unwrap());

        for peer in [Flags::HIDDEN.without(Flags::FRAGMENTS), Flags::HIDDEN.or(Flags::FRAGMENTS)] {
            let form = FrameForm::of(peer);
            let (mut short, mut general) = (Encoder::new(), Encoder::new());
            let frame = OpenFrame::reg_send(&mut short, form, pid, &node);
            short.put_nil();
            frame.finish(&mut short).unwrap();
            let to = Target::Name(name);
            let message = Control::Send { from: Some(pid), to, token: None, priority: false, message: b"\x6a" };
            message.encode(peer, &mut general).unwrap();

            for op in [Op::MonitorP, Op::DemonitorP] {
                let frame = OpenFrame::begin(&mut short, form, op, [&from, &encoded, &reference]);
                frame.finish(&mut short).unwrap();
                let (to, reference) = (ProcTerm::Name(name), RefTerm::new(&reference).unwrap());
                let signal = match op {
                    Op::MonitorP => Control::Monitor { from: pid, to, reference },
                    _ => Control::Demonitor { from: pid, to, reference },
                };
                signal.encode(peer, &mut general).unwrap();
            }
            assert_eq!(short.to_vec(), general.to_vec(), "a name of {length} bytes");
        }
    }
}
