//! The short readers beside the general one.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{etf::Encoder, protocol::Flags};

/// What the short readers say of a frame, in the words of [`decode`].
fn short<const HEADER_FORM: bool>(frame: &[u8]) -> Option<Control<'_>> {
    let (from, to, message) = match (decode_reg_send::<HEADER_FORM>(frame), decode_send::<HEADER_FORM>(frame)) {
        (Some((from, name, message)), None) => (Some(from), Target::Name(name), message),
        (None, Some((from, pid, message))) => (from, Target::Pid(pid), message),
        (None, None) => return None,
        (Some(_), Some(_)) => panic!("two readings of {frame:?}"),
    };
    Some(Control::Send { from, to, token: None, priority: false, message })
}

/// A frame, and the same behind a distribution header.
fn in_both_forms(flags: Flags, frame: Vec<u8>) -> [Vec<u8>; 2] {
    let mut out = Encoder::new();
    decode(&frame).unwrap().1.encode(flags | Flags::FRAGMENTS, &mut out).unwrap();
    [out.to_vec().split_off(4), frame]
}

/// Frames that OTP 25 sent, whole, cut off at every place, and with every byte changed.
#[test]
fn the_short_readers_say_what_decode_says() {
    let recorded = include_str!("../../../../tests/dist_control_vectors.txt");
    let frames = recorded.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let hex = line.rsplit(' ').next().unwrap();
        let flags = u64::from_str_radix(line.split(' ').next().unwrap().strip_prefix("0x").unwrap(), 16).unwrap();
        let frame = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..][..2], 16).unwrap()).collect();
        (Flags::from_bits(flags), frame)
    });
    let mut read = [0; 2];
    for frame in frames.flat_map(|(flags, frame)| in_both_forms(flags, frame)) {
        let mut check = |frame: &[u8]| {
            if let Some(control) = short::<false>(frame) {
                assert_eq!(decode_in(FrameForm::PassThrough, frame).unwrap().1, control, "{frame:?}");
                read[0] += 1;
            }
            if let Some(control) = short::<true>(frame) {
                assert_eq!(decode_in(FrameForm::Header, frame).unwrap().1, control, "{frame:?}");
                read[1] += 1;
            }
        };
        (0..=frame.len()).for_each(|end| check(&frame[..end]));
        for at in 0..frame.len() {
            for bit in 0..8 {
                let mut changed = frame.clone();
                changed[at] ^= 1 << bit;
                check(&changed);
            }
        }
    }
    assert!(read.iter().all(|&read| read > 1000), "only {read:?} frames were read by the short readers");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    /// Frames as nodes send them are read by the short readers; changed or cut off, they are read as `decode` does or not
    /// at all.
    #[test]
    fn the_short_readers_say_what_decode_says_of_any_frame(
        (from, to) in (piece(&[88, 103]), prop_oneof![piece(&[88, 103]), piece(&[119])]),
        with in any::<bool>(),
        rest in vec(any::<u8>(), 1..20),
        (at, bit) in (any::<prop::sample::Index>(), 0..8),
    ) {
        let head = match (to[0], with) {
            (119, _) => [&b"\x70\x83\x68\x04\x61\x06"[..], &from, b"\x77\0", &to].concat(),
            (_, true) => [&b"\x70\x83\x68\x03\x61\x16"[..], &from, &to].concat(),
            (_, false) => [&b"\x70\x83\x68\x03\x61\x02\x77\0"[..], &to].concat(),
        };
        let through = [&head[..], b"\x83", &rest].concat();
        let header = [b"\x83\x44\0", &head[2..], &rest].concat();
        let usual = short::<false>(&through);
        prop_assert!(usual.is_some() || (to[0] == 119 && from[0] == 103));
        prop_assert!(usual.is_none_or(|usual| decode(&through).unwrap().1 == usual));
        // A version byte is refused.
        prop_assert!(short::<true>(&header) == usual || rest[0] == VERSION);
        for frame in [through, header] {
            let mut changed = frame.clone();
            changed[at.index(frame.len())] ^= 1_u8 << bit;
            for frame in [&changed[..], &frame[..at.index(frame.len())], &frame] {
                if let Some(control) = short::<false>(frame) {
                    prop_assert_eq!(decode_in(FrameForm::PassThrough, frame).map(|(_, control)| control), Ok(control));
                }
                if let Some(control) = short::<true>(frame) {
                    prop_assert_eq!(decode_in(FrameForm::Header, frame).map(|(_, control)| control), Ok(control));
                }
            }
        }
    }
}

/// A pid or an atom of one of these tags.
fn piece(tags: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(tags), vec(any::<u8>(), 0..60), any::<[u8; 12]>()).prop_map(|(tag, name, numbers)| {
        let atom = [&[119, name.len() as u8][..], &name].concat();
        match tag {
            88 => [&[88][..], &atom, &numbers].concat(),
            103 => [&[103][..], &atom, &numbers[..9]].concat(),
            _ => atom,
        }
    })
}
